import { expect, test } from 'vitest';
import { MAX_PEER_SOCKETS, PeerSockets } from '../../../../src/transfer/io/udp/peer-sockets.ts';
import type { SocketEngine } from '../../../../src/transfer/io/udp/socket-engine.ts';

/** Sockets that are only counted. */
class FakeEngine {
  connectionCount = 0;
  isClosed = false;

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

const addressOf = (port: number): { address: string; port: number }[] => [
  { address: '127.0.0.1', port },
];

function socketsOf(create: () => Promise<FakeEngine>): {
  readonly to: (port: number) => Promise<FakeEngine>;
} {
  const sockets = new PeerSockets(create as unknown as () => Promise<SocketEngine>);
  return { to: async (port) => (await sockets.to(addressOf(port))) as unknown as FakeEngine };
}

async function turns(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('a socket that is asked for is not closed as idle, whoever asks for another before it', async () => {
  const sockets = socketsOf(() => Promise.resolve(new FakeEngine()));
  for (let port = 1; port <= MAX_PEER_SOCKETS; port++) await sockets.to(port);
  const other = sockets.to(MAX_PEER_SOCKETS + 1);
  const known = sockets.to(1);
  await other;
  const engine = await known;
  expect(engine.isClosed).toBe(false);
  engine.connectionCount = 1;
  await turns();
  expect(engine.isClosed).toBe(false);
});

test('of many peers the sockets of idle ones are closed, no more than must be', async () => {
  const engines: FakeEngine[] = [];
  const sockets = socketsOf(() => {
    engines.push(new FakeEngine());
    return Promise.resolve(engines.at(-1)!);
  });
  for (let port = 1; port <= MAX_PEER_SOCKETS; port++) {
    (await sockets.to(port)).connectionCount = port === 2 ? 1 : 0;
  }
  await turns();
  await sockets.to(MAX_PEER_SOCKETS + 1);
  await turns();
  expect(engines.flatMap(({ isClosed }, index) => (isClosed ? [index] : []))).toEqual([0]);
});

test('a socket that cannot be bound fails who asks for it, and nobody else', async () => {
  let isFull = false;
  const sockets = socketsOf(() =>
    isFull
      ? new Promise((_resolve, reject) => setImmediate(reject, new Error('EMFILE')))
      : Promise.resolve(new FakeEngine()),
  );
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown): number => unhandled.push(error);
  process.on('unhandledRejection', onUnhandled);
  for (let port = 1; port < MAX_PEER_SOCKETS; port++) (await sockets.to(port)).connectionCount = 1;
  isFull = true;
  const ends = await Promise.allSettled([1, 2].map((more) => sockets.to(MAX_PEER_SOCKETS + more)));
  await turns();
  process.off('unhandledRejection', onUnhandled);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(unhandled).toEqual([]);
});
