import { systemTimers } from '../clock.ts';
import { EngineHost } from './engine-host.ts';
import type { FromEngine, ToEngine } from './engine-messages.ts';
import type { EngineThread } from './engine-thread.ts';
import type { EndpointOptions } from '../transfer-endpoint.ts';
import { UdpTransferEndpoint } from '../udp-transfer-endpoint.ts';

/** The engine in the caller's own thread, for a caller that makes the sockets: functions cannot cross. */
export function engineHere(createSocket: EndpointOptions['createSocket']): EngineThread {
  let onMessage: (message: FromEngine) => void = () => undefined;
  let onEnd: (error: Error | undefined) => void = () => undefined;
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    queueMicrotask(() => {
      onEnd(undefined);
    });
  };
  const host = new EngineHost({
    createEndpoint: (options) =>
      UdpTransferEndpoint.create({ ...options, ...(createSocket && { createSocket }) }),
    // As between threads, nobody is called back from within a call.
    post: (message) => {
      queueMicrotask(() => {
        onMessage(message);
      });
    },
    disconnect: end,
    timers: systemTimers,
  });
  return {
    post: (message: ToEngine) => {
      queueMicrotask(() => {
        if (!isOver) host.handle(message);
      });
    },
    listen: (messageListener, endListener) => {
      onMessage = messageListener;
      onEnd = endListener;
    },
    terminate: end,
  };
}
