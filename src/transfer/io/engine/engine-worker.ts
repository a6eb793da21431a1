/** Entry of the engine's thread: an endpoint of its own, told what to do by its parent. */
import assert from 'node:assert/strict';
import { parentPort } from 'node:worker_threads';
import { systemTimers } from '../clock.ts';
import { EngineHost } from './engine-host.ts';
import type { ToEngine } from './engine-messages.ts';
import { FineTimers } from '../udp/fine-timers.ts';
import { UdpTransferEndpoint } from '../udp-transfer-endpoint.ts';

assert(parentPort !== null, 'the engine thread is started by another');
const port = parentPort;
const timers = new FineTimers();
const fineTimers = timers.isFine() ? timers : undefined;
const host = new EngineHost({
  createEndpoint: (options) => UdpTransferEndpoint.create(options, fineTimers),
  post: (message, transferred = []) => {
    port.postMessage(message, transferred);
  },
  disconnect: () => {
    port.close();
  },
  timers: systemTimers,
});
port.on('message', (message: ToEngine) => {
  host.handle(message);
});
