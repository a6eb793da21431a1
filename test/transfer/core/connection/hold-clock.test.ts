import { expect, test } from 'vitest';
import type { SendHold } from '../../../../src/transfer/core/connection/connection-stats.ts';
import { HoldClock } from '../../../../src/transfer/core/connection/hold-clock.ts';

test('what holds sending back is timed and traced from when it is noted, once each', () => {
  const stream: { hold: SendHold } = { hold: 'source' };
  const traced: [SendHold, number][] = [];
  const onHold = (hold: SendHold, nowUs: number): void => void traced.push([hold, nowUs]);
  const clock = new HoldClock(stream, { onHold }, 100);
  expect(clock.isBehind).toBe(false);
  clock.note(110);
  stream.hold = 'path';
  expect([clock.isBehind, clock.state]).toEqual([true, 'source']);
  clock.note(150);
  expect([clock.isBehind, clock.state]).toEqual([false, 'path']);
  clock.note(160);
  stream.hold = 'credit';
  clock.note(175);
  expect(traced).toEqual([
    ['path', 150],
    ['credit', 175],
  ]);
  expect(clock.spentUs('source', 200)).toBe(50);
  expect(clock.spentUs('path', 200)).toBe(25);
  expect(clock.spentUs('credit', 200)).toBe(25);
});
