import { expect, test } from 'vitest';
import type { TransportConnection } from '../../../src/transfer/core/transport.ts';
import { TransferAccount } from '../../../src/transfer/files/transfer-account.ts';

const MS_US = 1_000;
const NOTHING_SENT = { retransmittedBytes: 0, packetsLostCount: 0 };
const connection = {
  peerAddress: { address: '192.0.2.7', port: 6000 },
  stats: { minRttUs: 20_000, smoothedRttUs: 40_000 },
} as TransportConnection;
const item = { kind: 'file', name: 'a', path: '/a', totalBytes: 5, fileCount: 1 } as const;

test('the time of a transfer begins once and leaves out the wait for an answer', () => {
  let nowUs = 100 * MS_US;
  const account = new TransferAccount(() => nowUs);
  account.begin();
  account.meter.start();
  nowUs += 5_000 * MS_US;
  account.meter.endWait();
  nowUs += 250 * MS_US;
  expect(account.result(connection, NOTHING_SENT, undefined).elapsedMs).toBe(250);
});

test('a result has a limit only where one was found, and the way that it went', () => {
  const account = new TransferAccount(() => 0);
  const sent = { retransmittedBytes: 7, packetsLostCount: 3 };
  const result = account.result(connection, sent, undefined);
  expect(result).not.toHaveProperty('limit');
  expect(result).toMatchObject({
    ...sent,
    route: { peer: { address: '192.0.2.7', port: 6000 }, roundTripMs: 40 },
  });
  const limit = { cause: 'network', value: 1 } as never;
  expect(account.result(connection, sent, limit).limit).toBe(limit);
});

test('what is paused says so and is not stalled, whatever would be said of it', () => {
  let nowUs = 0;
  const account = new TransferAccount(() => nowUs);
  account.meter.start();
  nowUs = 9_000 * MS_US;
  expect(account.progress(undefined, 'receiver', undefined)).toMatchObject({
    stallReason: 'receiver',
    stalledMs: 9_000,
  });
  const paused = account.progress(undefined, 'receiver', 'no-space');
  expect(paused).toMatchObject({ pauseReason: 'no-space', stalledMs: 0 });
  expect(paused).not.toHaveProperty('stallReason');
  expect(paused).not.toHaveProperty('route');
});

test('a transfer that has delivered nothing at all fails with the reason of what failed', async () => {
  const account = new TransferAccount(() => 0);
  account.tally.addFailure('a', 'local-file', 'cannot be read');
  account.settle(account.result(connection, NOTHING_SENT, undefined));
  await expect(account.done).rejects.toMatchObject({
    code: 'local-file',
    message: 'cannot be read',
  });
});

test('a transfer that has delivered something is done, though something failed', async () => {
  const account = new TransferAccount(() => 0);
  account.tally.addFailure('b', 'local-file', 'cannot be read');
  account.tally.addItem(item);
  const result = account.result(connection, NOTHING_SENT, undefined);
  account.settle(result);
  await expect(account.done).resolves.toBe(result);
});
