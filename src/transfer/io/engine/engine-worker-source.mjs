// Entry of the engine's thread where it runs from its TypeScript source and Node does not strip types
// by itself. It imports a development dependency, and is no part of what is installed.
import { register } from 'tsx/esm/api';

register();
await import('./engine-worker.ts');
