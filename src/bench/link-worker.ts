/** Entry of the thread of an emulated link. */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { EmulatedLink, type EmulatedLinkOptions } from './emulated-link.ts';
import type { FromLinkThread } from './link-thread.ts';

assert(parentPort !== null, 'this thread is started by another');
const port = parentPort;
const tell = (message: FromLinkThread): void => {
  port.postMessage(message);
};
const link = await EmulatedLink.open(workerData as EmulatedLinkOptions);
port.on('message', () => {
  tell({ type: 'report', report: link.report });
});
tell({ type: 'ready', port: link.port });
