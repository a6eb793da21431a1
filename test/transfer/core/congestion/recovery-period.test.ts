import { expect, test } from 'vitest';
import { RecoveryPeriod } from '../../../../src/transfer/core/congestion/recovery-period.ts';

test('one reduction answers all losses of packets sent up to it, and none of later ones', () => {
  const period = new RecoveryPeriod<string>();
  expect(period.onLost(0)).toBe(true);
  period.begin('before', 100);
  expect([period.covers(100), period.covers(101)]).toEqual([true, false]);
  expect([period.onLost(100), period.onLost(101)]).toEqual([false, true]);
});

test('a reduction is undone by the last of its losses that turns out spurious, and once', () => {
  const period = new RecoveryPeriod<string>();
  period.begin('before', 100);
  period.onLost(50);
  period.onLost(100);
  expect(period.onSpuriousLoss(10)).toBeUndefined();
  expect(period.onSpuriousLoss(50)).toBeUndefined();
  expect(period.onSpuriousLoss(101)).toBeUndefined();
  expect(period.onSpuriousLoss(100)).toBe('before');
  expect(period.onSpuriousLoss(100)).toBeUndefined();
  // What was sent in that period calls for an answer once more.
  expect(period.covers(50)).toBe(false);
});

test('losses of the period before neither keep nor undo a reduction', () => {
  const period = new RecoveryPeriod<string>();
  period.begin('first', 100);
  period.begin('second', 200);
  expect(period.onSpuriousLoss(100)).toBeUndefined();
  period.onLost(100);
  expect(period.onSpuriousLoss(101)).toBe('second');
  expect(period.covers(100)).toBe(true);
});

test('a reduction that was found right stays, and its losses are answered as before', () => {
  const period = new RecoveryPeriod<string>();
  period.begin('before', 100);
  period.keep();
  expect(period.onSpuriousLoss(100)).toBeUndefined();
  expect(period.covers(100)).toBe(true);
});

test('after a new start all that was sent is answered, for good', () => {
  const period = new RecoveryPeriod<string>();
  period.begin('before', 100);
  period.restart(300);
  expect(period.onSpuriousLoss(300)).toBeUndefined();
  expect(period.onLost(300)).toBe(false);
  expect(period.onLost(301)).toBe(true);
});
