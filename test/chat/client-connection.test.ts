import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { ServerFrame } from '../../src/chat/core/protocol.ts';
import { ClientConnection, type ConnectionEvents } from '../../src/chat/io/client-connection.ts';
import { FakeClock } from './fake-clock.ts';

/** Both ends of a connection, of which the server's has a `ClientConnection` on it. */
async function pair(events: Partial<ConnectionEvents>): Promise<{
  readonly server: Socket;
  readonly client: Socket;
  readonly connection: ClientConnection;
}> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = connect((listener.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  const [server] = (await once(listener, 'connection')) as [Socket];
  onTestFinished(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  const nothing = (): void => undefined;
  const connection = new ClientConnection(server, new FakeClock(), {
    onFrame: nothing,
    onSign: nothing,
    onFault: nothing,
    onEnd: nothing,
    ...events,
  });
  return { server, client, connection };
}

/** Runs the event loop until `value` has stood still for a hundred turns. */
async function settled(value: () => number): Promise<number> {
  let last = value();
  for (let still = 0; still < 100; still += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (value() === last) continue;
    last = value();
    still = 0;
  }
  return last;
}

test('while one frame is being answered no more than two reads of the following are buffered', async () => {
  let frameCount = 0;
  const { server, client, connection } = await pair({ onFrame: () => (frameCount += 1) });
  const frames = '{"type":"pong","body":{}}\n'.repeat(500_000); // 13 MB
  client.write(frames);
  expect(await settled(() => server.bytesRead)).toBeLessThan(3 * 65_536);
  expect(frameCount).toBe(1);
  expect(connection.isHeldUp).toBe(true);
});

test('pages are made only as fast as the client takes them', async () => {
  const { client, connection, server } = await pair({});
  client.pause();
  let pageCount = 0;
  const page: ServerFrame = {
    type: 'refused',
    body: { request: 1, reason: 'x'.repeat(60_000) as never },
  };
  const endless = function* (): Generator<ServerFrame, void, undefined> {
    for (; pageCount < 10_000; pageCount += 1) yield page;
  };
  connection.sendPages(endless());
  await settled(() => pageCount);
  // What the two kernel buffers take is gone; of the rest at most two pages wait.
  expect(server.writableLength).toBeLessThan(2 * 65_536);
  expect(pageCount).toBeLessThan(1_000);
  expect(pageCount).toBeGreaterThan(0);
});
