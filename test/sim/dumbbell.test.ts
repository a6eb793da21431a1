import { expect, test } from 'vitest';
import { Dumbbell, jainIndex } from './dumbbell.ts';

const LINK = { rateBitsPerSec: 10e6, queueBytes: 50_000 };
const WINDOW = { controller: 'fixed', windowPackets: 64 } as const;

function twoPairs(seed: number): Dumbbell {
  const crossings = [
    { delayUs: 10_000, config: WINDOW },
    { delayUs: 10_000, config: { controller: 'cubic' } as const },
  ];
  return new Dumbbell({ seed, isHashed: true, bottleneck: LINK, crossings });
}

test('pairs of different controllers share one bottleneck, and all that it carries is theirs', () => {
  const dumbbell = twoPairs(1);
  dumbbell.add(0, { bytes: 100_000_000 });
  dumbbell.add(1, { bytes: 100_000_000, startAtUs: 1_000_000 });
  expect(dumbbell.sharesUntil(1_000_000)).toEqual([1, 0]);
  const before = dumbbell.readBytes;
  const shares = dumbbell.sharesUntil(11_000_000);
  expect(shares[0]! + shares[1]!).toBeCloseTo(1);
  expect(Math.min(...shares)).toBeGreaterThan(0.05);
  const read = dumbbell.readBytes.reduce((sum, bytes, index) => sum + bytes - before[index]!, 0);
  // 10 s of 10 Mbit/s, of which packets of 1228 bytes are 96 % payload.
  expect(read).toBeGreaterThan(0.9 * 12_500_000);
  expect(read).toBeLessThan(0.97 * 12_500_000);
});

test('several connections of a pair and another pair run to their ends, exactly so for a seed', () => {
  const run = (seed: number): string => {
    const dumbbell = twoPairs(seed);
    for (const bytes of [300_000, 1, 200_000]) dumbbell.add(0, { bytes, replyBytes: 5_000 });
    dumbbell.add(1, { bytes: 400_000 });
    dumbbell.workload.runToEnd();
    expect(dumbbell.readBytes).toEqual([500_001, 400_000]);
    return dumbbell.network.trace.digest();
  };
  expect(run(3)).toBe(run(3));
  expect(run(3)).not.toBe(run(4));
});

test("Jain's index is 1 of equal shares and 1/n when one has all", () => {
  expect(jainIndex([0.2, 0.2, 0.2, 0.2, 0.2])).toBeCloseTo(1);
  expect(jainIndex([1, 0, 0, 0])).toBe(0.25);
  expect(jainIndex([3, 1])).toBeCloseTo(16 / 20);
});
