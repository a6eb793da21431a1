/** Entry of the thread that writes a trace, told what by the engine’s thread. */
import assert from 'node:assert/strict';
import { parentPort } from 'node:worker_threads';
import { type ToTraceWriter, TraceWork } from './trace-work.ts';

assert(parentPort !== null, 'this thread is started by another');
const port = parentPort;
const work = new TraceWork((message) => {
  port.postMessage(message, message.type === 'free' ? [message.chunk.buffer] : []);
});

port.on('message', (message: ToTraceWriter) => {
  work.handle(message);
  if (message.type === 'end') port.close();
});
