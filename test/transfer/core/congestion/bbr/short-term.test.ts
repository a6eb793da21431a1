import { expect, test } from 'vitest';
import { ShortTerm } from '../../../../../src/transfer/core/congestion/bbr/short-term.ts';

const PRESENT = { bytesPerSec: 1_000_000, inflightBytes: 100_000 };
const LATEST = { bytesPerSec: 500_000, inflightBytes: 50_000 };

function lowered(...lossRates: readonly number[]): ShortTerm {
  const bounds = new ShortTerm();
  for (const lossRate of lossRates) {
    bounds.onLossyRound(PRESENT, LATEST, { lossRate, bytes: 100_000 });
  }
  return bounds;
}

test('a lossy round bounds what is used to seven tenths', () => {
  expect(lowered(0.05).bytesPerSec).toBeCloseTo(700_000);
});

test('rounds that lost no more than the path by itself are forgiven, all of them', () => {
  const bounds = lowered(0.05, 0.06);
  bounds.forgive(() => 0.06);
  expect(bounds.bytesPerSec).toBe(Infinity);
  expect(bounds.inflightBytes).toBe(Infinity);
});

test('one round that lost more keeps the bounds, also when a milder one came after it', () => {
  const bounds = lowered(0.08, 0.05);
  const before = bounds.bytesPerSec;
  bounds.forgive(() => 0.06);
  expect(bounds.bytesPerSec).toBe(before);
});

test('what was reset before is not held against later rounds', () => {
  const bounds = lowered(0.08);
  bounds.reset();
  bounds.onLossyRound(PRESENT, LATEST, { lossRate: 0.05, bytes: 100_000 });
  bounds.forgive(() => 0.06);
  expect(bounds.bytesPerSec).toBe(Infinity);
});
