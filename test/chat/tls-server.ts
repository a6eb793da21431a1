import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { ALPN_PROTOCOL } from '../../src/chat/core/protocol.ts';
import { TEST_PEM } from './test-key.ts';

/** A server with the key for tests that does what a test says to each connection. Gives its port. */
export async function tlsServer(
  onSocket: (socket: TLSSocket) => void,
  options: TlsOptions = {},
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer(
    { key: TEST_PEM, cert: TEST_PEM, ALPNProtocols: [ALPN_PROTOCOL], ...options },
    (socket) => {
      socket.on('error', () => undefined);
      onSocket(socket);
    },
  );
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
