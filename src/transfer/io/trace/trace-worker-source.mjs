// As `engine-worker-source.mjs`, for the thread that writes a trace.
import { register } from 'tsx/esm/api';

register();
await import('./trace-worker.ts');
