import { expect, test } from 'vitest';
import { Dumbbell } from '../sim/dumbbell.ts';

const SEEDS = [1, 2, 3, 4, 5];
const RTT_US = 50_000;
const RATE_BITS_PER_SEC = 20e6;
const BDP_BYTES = (RATE_BITS_PER_SEC / 8) * (RTT_US / 1e6);
/** More than the link carries meanwhile. */
const BYTES = 200_000_000;

/** Of what was read from 10 to 40 s, the part of the first of two pairs with so many streams each. */
function firstShare(seed: number, streamCounts: readonly number[]): number {
  const config = { controller: 'bbr', maxDatagramBytes: 1472 } as const;
  const dumbbell = new Dumbbell({
    seed,
    isPoisoned: false,
    bottleneck: { rateBitsPerSec: RATE_BITS_PER_SEC, queueBytes: BDP_BYTES },
    crossings: streamCounts.map(() => ({ config, delayUs: RTT_US / 2 })),
  });
  for (const [index, streamCount] of streamCounts.entries()) {
    for (let nth = 0; nth < streamCount; nth++) dumbbell.add(index, { bytes: BYTES });
  }
  dumbbell.network.runUntil(10_000_000);
  return dumbbell.sharesUntil(40_000_000)[0]!;
}

/** Half within a tenth in the middle of the seeds, and none far from it. */
function expectHalf(shares: readonly number[]): void {
  const sorted = [...shares].sort((a, b) => a - b);
  expect(Math.abs(sorted[2]! - 0.5), String(sorted)).toBeLessThan(0.1);
  expect(sorted[0]!, String(sorted)).toBeGreaterThan(0.35);
  expect(sorted[4]!, String(sorted)).toBeLessThan(0.65);
}

test('two flows of the default controller have half of a link each', () => {
  expectHalf(SEEDS.map((seed) => firstShare(seed, [1, 1])));
});

test("four streams to one peer have one flow's share beside a stranger's", () => {
  expectHalf(SEEDS.map((seed) => firstShare(seed, [4, 1])));
});
