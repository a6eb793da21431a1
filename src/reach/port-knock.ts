import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { SocketAddress } from '../transfer/diagnosis.ts';

/** Datagrams that are sent; routers answer for a few a second only, and any may be lost. */
const KNOCK_COUNT = 4;
const KNOCK_INTERVAL_MS = 250;

/**
 * What the system says of datagrams to an address (`ECONNREFUSED`: its machine says that nobody listens
 * there, `EPERM`: this machine does not let them out); undefined when it says nothing, which means
 * nothing. A program of ours that listens there gives no answer to them.
 */
export async function knock({ address, port }: SocketAddress): Promise<string | undefined> {
  const socket = dgram.createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve) => {
      const fail = (error: Error | null): void => {
        if (error === null) return;
        const { code, message } = error as NodeJS.ErrnoException;
        resolve(code ?? message);
      };
      let sentCount = 0;
      const send = (): void => {
        if (sentCount++ === KNOCK_COUNT) {
          resolve(undefined);
          return;
        }
        socket.send(Uint8Array.of(0), fail);
        timer = setTimeout(send, KNOCK_INTERVAL_MS);
      };
      socket.on('error', fail);
      // A callback of `connect` would be handed its error: without one that is an event.
      socket.once('connect', send);
      socket.connect(port, address);
    });
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}
