/** Entry of the thread that reads and writes small files whole, told which by the engine’s thread. */
import assert from 'node:assert/strict';
import { parentPort } from 'node:worker_threads';
import { promptFiles } from './prompt-files.ts';
import { type ToWholeFiles, WholeFileWork } from './whole-file-work.ts';

assert(parentPort !== null, 'this thread is started by another');
const port = parentPort;
const work = new WholeFileWork(promptFiles, (message, transferred) => {
  port.postMessage(message, transferred);
});
port.on('message', (message: ToWholeFiles) => {
  work.handle(message);
});
port.postMessage({ type: 'ready' });
