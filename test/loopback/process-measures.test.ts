import { expect, test } from 'vitest';
import { LoopDelay, peakRssBytes } from '../../bench/loopback/process-measures.ts';

const HELD_MS = 60;

test('a thread that is held is seen in the delay of its event loop', async () => {
  const hold = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HELD_MS);
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 15));
  const delay = new LoopDelay();
  delay.start();
  await turn();
  hold();
  await turn();
  expect(delay.stopP99Ms()).toBeGreaterThan(HELD_MS / 2);
});

test('the largest resident set is at least the present one', () => {
  const rssBytes = process.memoryUsage.rss();
  expect(peakRssBytes()).toBeGreaterThanOrEqual(rssBytes);
});
