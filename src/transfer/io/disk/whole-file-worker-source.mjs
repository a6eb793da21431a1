// As `engine-worker-source.mjs`, for the thread that reads and writes small files.
import { register } from 'tsx/esm/api';

register();
await import('./whole-file-worker.ts');
