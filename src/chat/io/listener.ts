import { createServer, type AddressInfo, type Socket } from 'node:net';
import { ServerStartError } from './server-start-error.ts';

/** A port on which clients arrive. */
export interface Listener {
  /** The port in use: the one asked for, or the one that was free when 0 was. */
  readonly port: number;
  /** Takes no more clients. Those that are here stay. */
  close(): void;
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Opens the chat's port. The only place that knows what kind of socket clients come through: what
 * it hands on is a stream of bytes with a remote address.
 */
export function listen(
  host: string,
  port: number,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  const server = createServer({ noDelay: true }, onSocket);
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isInUse = error.code === 'EADDRINUSE';
      const reason = isInUse ? 'the port is already in use' : error.message;
      const message = `cannot listen on ${hostAndPort(host, port)}: ${reason}`;
      reject(new ServerStartError('listen', message, { cause: error }));
    });
    server.listen({ host, port, backlog: 1024 }, () => {
      server.removeAllListeners('error');
      // Accepting may fail for a moment (no descriptor left); the next connection may work.
      server.on('error', () => undefined);
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => {
          server.close();
        },
      });
    });
  });
}
