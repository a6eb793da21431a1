import { expect, test } from 'vitest';
import { RttRange } from '../../../../../src/transfer/core/congestion/bbr/rtt-range.ts';

const MIN_US = 50_000;

test('an RTT is low in the lowest part of those seen', () => {
  const range = new RttRange();
  range.onSample(MIN_US + 8_000, 0);
  expect(range.isLow(MIN_US + 1_999, MIN_US, 1 / 4)).toBe(true);
  expect(range.isLow(MIN_US + 2_000, MIN_US, 1 / 4)).toBe(false);
});

test('a burst of the pacer alone makes no RTT high', () => {
  const range = new RttRange();
  range.onSample(MIN_US + 600, 0);
  expect(range.isLow(MIN_US + 499, MIN_US, 1 / 4)).toBe(true);
  expect(range.isLow(MIN_US + 500, MIN_US, 1 / 4)).toBe(false);
});

test('the highest RTT counts for five seconds and is forgotten after ten', () => {
  const range = new RttRange();
  range.onSample(MIN_US + 8_000, 0);
  range.onSample(MIN_US, 5_000_000);
  range.onSample(MIN_US, 9_999_999);
  expect(range.isLow(MIN_US + 1_999, MIN_US, 1 / 4)).toBe(true);
  range.onSample(MIN_US, 10_000_000);
  expect(range.isLow(MIN_US + 1_999, MIN_US, 1 / 4)).toBe(false);
});
