import { expect, test } from 'vitest';
import { Dumbbell } from '../sim/dumbbell.ts';

const SEEDS = [1, 2, 3];
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

test.each(SEEDS)(
  'two flows of the default controller have half of a link each, seed %i',
  (seed) => {
    const share = firstShare(seed, [1, 1]);
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  },
);

test.each(SEEDS)(
  "four streams to one peer have one flow's share beside a stranger's, seed %i",
  (seed) => {
    const share = firstShare(seed, [4, 1]);
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  },
);
