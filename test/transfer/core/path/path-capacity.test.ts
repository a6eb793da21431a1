import { expect, test } from 'vitest';
import { PathCapacity } from '../../../../src/transfer/core/path/path-capacity.ts';

const INPUTS = {
  smoothedRttUs: 20_000,
  datagramBytes: 1200,
  inflightGain: 1,
  minRttUs: undefined,
  standingBytes: 0,
};
/** What waits for an ACK: 5 ms of 10 MB/s, or 32 packets. */
const DELAYED_BYTES = 32 * 1200;

function holdable(...rtts: readonly (readonly [atUs: number, rttUs: number])[]): number {
  const capacity = new PathCapacity();
  capacity.onRate({
    deliveryRateBytesPerSec: 10e6,
    isAppLimited: false,
  } as Parameters<PathCapacity['onRate']>[0]);
  for (const [atUs, rttUs] of rtts) capacity.onRtt(rttUs, atUs);
  return capacity.holdableBytes(INPUTS);
}

function atRtt(rttUs: number): number {
  return 1.25 * ((10e6 * rttUs) / 1e6 + DELAYED_BYTES);
}

test('nothing is bounded before the first RTT', () => {
  expect(holdable()).toBe(Infinity);
});

test('the lowest RTT of the last five seconds counts', () => {
  expect(holdable([0, 30_000], [1_000_000, 20_000], [5_900_000, 90_000])).toBe(atRtt(20_000));
});

test('a path that has become longer may hold as much more within ten seconds', () => {
  const before = [0, 1, 2, 3, 4, 5].map((seconds) => [seconds * 1e6, 20_000] as const);
  const after = [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16].map(
    (seconds) => [seconds * 1e6, 300_000] as const,
  );
  expect(holdable(...before, ...after.slice(0, 9))).toBe(atRtt(20_000));
  expect(holdable(...before, ...after)).toBe(atRtt(300_000));
});

test('the lowest RTT of a controller that keeps one comes first', () => {
  const capacity = new PathCapacity();
  capacity.onRate({
    deliveryRateBytesPerSec: 10e6,
    isAppLimited: false,
  } as Parameters<PathCapacity['onRate']>[0]);
  capacity.onRtt(20_000, 0);
  expect(capacity.holdableBytes({ ...INPUTS, minRttUs: 300_000 })).toBe(atRtt(300_000));
});
