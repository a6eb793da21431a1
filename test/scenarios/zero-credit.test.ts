import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay, lose, loss } from '../sim/wire-elements.ts';

const ACK = 4;
const POOL_BYTES = 262_144;

test('a slow reader sets the pace, and the sender never has more than the pool outstanding', () => {
  const pair = new Pair({
    seed: 1,
    forward: [delay(10_000)],
    config: { creditPoolBytes: POOL_BYTES },
  });
  const run = pair.add({ bytes: 2_000_000, readBytesPerSec: 1e6 });
  for (let atUs = 100_000; atUs < 2_000_000; atUs += 10_000) {
    pair.network.runUntil(atUs);
    const { connection } = run.opener;
    expect(connection!.acknowledgedBytes - run.responder.readBytes).toBeLessThanOrEqual(POOL_BYTES);
  }
  pair.workload.runToEnd();
  // 400 reads of 5,000 bytes, 5 ms apart, from the first bytes on.
  expect(run.responder.readFinishedAtUs).toBeGreaterThan(1_995_000);
  expect(run.responder.readFinishedAtUs).toBeLessThan(2_200_000);
});

test('when all that announces new credit is lost, the sender asks for it every second at least', () => {
  // Nothing is read, and all that was allowed is acknowledged, when the reader begins.
  const READS_FROM_US = 500_000;
  // The receiver announces credit six times in 7.75 s; a keepalive would come after 15 s.
  const isLost = (datagram: Uint8Array, _count: number, atUs: number): boolean =>
    (datagram[4]! & 0x3f) === ACK && atUs >= READS_FROM_US && atUs < 9_000_000;
  const pair = new Pair({
    seed: 1,
    forward: [delay(10_000)],
    backward: [delay(10_000), lose(isLost)],
  });
  const run = pair.add({ bytes: 100_000, readBytesPerSec: 1e7, isCreditKept: true });
  run.responder.readsAgainAtUs = READS_FROM_US;
  pair.network.runUntil(READS_FROM_US - 1);
  expect(run.opener.connection!.acknowledgedBytes).toBe(65_536);
  expect(run.opener.connection!.stats.bytesInFlight).toBe(0);
  pair.workload.runToEnd();
  expect(run.responder.readFinishedAtUs).toBeGreaterThan(9_000_000);
  expect(run.responder.readFinishedAtUs).toBeLessThan(11_000_000);
});

test.each([1, 2, 3])(
  'after a minute without credit and ten seconds without ACKs bytes flow within a second, seed %i',
  (seed) => {
    const [READS_AT_US, ACKS_FROM_US] = [60_000_000, 70_000_000];
    const isLost = (datagram: Uint8Array, _count: number, atUs: number): boolean =>
      (datagram[4]! & 0x3f) === ACK && atUs >= READS_AT_US && atUs < ACKS_FROM_US;
    const pair = new Pair({
      seed,
      forward: [bottleneck(40e6, 250_000), delay(25_000)],
      backward: [delay(25_000), lose(isLost)],
      config: { controller: 'bbr', creditPoolBytes: 2 ** 22 },
    });
    pair.network.traced(() => {
      const run = pair.add({ bytes: 20_000_000, readPauses: [[500_000, READS_AT_US]] });
      pair.network.runUntil(READS_AT_US - 1);
      const { connection } = run.opener;
      expect(connection!.stats.bytesInFlight).toBe(0);
      const { acknowledgedBytes } = connection!;
      pair.network.runUntil(ACKS_FROM_US);
      expect(connection!.acknowledgedBytes).toBe(acknowledgedBytes);
      pair.network.runUntil(ACKS_FROM_US + 1_150_000);
      expect(run.responder.readBytes).toBeGreaterThan(acknowledgedBytes);
      pair.workload.runToEnd();
      expect(run.responder.readFinishedAtUs).toBeLessThan(ACKS_FROM_US + 10_000_000);
    });
  },
);

test('credit that is never raised and half of the ACKs lost: 64 KiB at a time, to the end', () => {
  const pair = new Pair({
    seed: 1,
    forward: [delay(10_000)],
    backward: [delay(10_000), loss(0.5)],
  });
  const run = pair.add({ bytes: 1_000_000, readBytesPerSec: 2e5, isCreditKept: true });
  pair.workload.runToEnd();
  expect(run.responder.readFinishedAtUs).toBeGreaterThan(5_000_000);
  expect(run.responder.readFinishedAtUs).toBeLessThan(10_000_000);
});
