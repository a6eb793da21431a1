/** Entry of the thread that reads and writes small files whole, told which by the engine’s thread. */
import assert from 'node:assert/strict';
import { parentPort } from 'node:worker_threads';
import { readBatch, type ToWholeFiles, writeWhole, type Written } from './whole-file-work.ts';

assert(parentPort !== null, 'this thread is started by another');
const port = parentPort;
let written: Written[] = [];

port.on('message', (batch: ToWholeFiles) => {
  if (batch.type === 'read') {
    const answer = readBatch(batch);
    port.postMessage(answer, [answer.content.buffer as ArrayBuffer]);
    return;
  }
  let from = 0;
  for (const file of batch.files) {
    const content = batch.content.subarray(from, (from += file.sizeBytes));
    writeWhole(file, content, onWritten);
  }
});
port.postMessage({ type: 'ready' });

function onWritten(result: Written): void {
  written.push(result);
  if (written.length > 1) return;
  setImmediate(() => {
    port.postMessage({ type: 'written', results: written });
    written = [];
  });
}
