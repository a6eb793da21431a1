import { expect, test } from 'vitest';
import {
  PathChange,
  type SeenPath,
} from '../../../../../src/transfer/core/congestion/bbr/path-change.ts';

const KNOWN = { bytesPerSec: 5_000_000, minRttUs: 50_000 };
const EVERY_US = 10_000;

interface Stretch {
  readonly forUs: number;
  readonly bytesPerSec: number;
  /** By time since the stretch began. */
  readonly rttUs: (us: number) => number;
  readonly isAppLimited?: boolean;
}

/** What is seen first, and when, in microseconds since the last stretch began. */
function firstSeen(...stretches: readonly Stretch[]): { seen: SeenPath; atUs: number } | undefined {
  const change = new PathChange();
  let beganAtUs = 0;
  for (const { forUs, bytesPerSec, rttUs, isAppLimited = false } of stretches) {
    for (let us = 0; us < forUs; us += EVERY_US) {
      const newlyAckedBytes = (bytesPerSec * EVERY_US) / 1e6;
      const sample = { newlyAckedBytes, latestRttUs: rttUs(us), isAppLimited };
      const seen = change.onAcked({ ...sample, nowUs: beganAtUs + us }, KNOWN);
      if (seen !== undefined) return { seen, atUs: us };
    }
    beganAtUs += forUs;
  }
  return undefined;
}

const usual: Stretch = { forUs: 1_000_000, bytesPerSec: 5_000_000, rttUs: () => 52_000 };
/** A tenth of the rate: the queue grows by 9 ms in 10. */
const slower: Stretch = {
  forUs: 1_000_000,
  bytesPerSec: 500_000,
  rttUs: (us) => 52_000 + 0.9 * us,
};
const farther: Stretch = { forUs: 1_000_000, bytesPerSec: 800_000, rttUs: () => 300_000 };

test('a rate that fell is seen within three windows, and its queue is not taken for the way', () => {
  const found = firstSeen(usual, slower);
  expect(found?.seen.bytesPerSec).toBeCloseTo(500_000, -5);
  expect(found?.seen.minRttUs).toBeUndefined();
  expect(found?.atUs).toBeLessThanOrEqual(3 * 4 * 50_000);
});

test('a way that became longer is seen with its RTT', () => {
  expect(firstSeen(usual, farther)?.seen.minRttUs).toBe(300_000);
});

test.each<[string, Stretch]>([
  ['a queue that others fill, while the rate is kept', { ...slower, bytesPerSec: 4_000_000 }],
  ['a sender with little to send', { ...farther, isAppLimited: true }],
  ['a low rate without a queue', { ...slower, rttUs: () => 52_000 }],
  [
    'RTTs that are long only now and then',
    { ...farther, rttUs: (us) => (us % 50_000 === 0 ? 52_000 : 300_000) },
  ],
])('%s is no other path', (_, stretch) => {
  expect(firstSeen(usual, stretch)).toBeUndefined();
});

test('one bad window is no other path', () => {
  expect(firstSeen(usual, { ...farther, forUs: 300_000 }, usual)).toBeUndefined();
});
