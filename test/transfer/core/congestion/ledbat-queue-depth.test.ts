import { expect, test } from 'vitest';
import { LedbatQueueDepth } from '../../../../src/transfer/core/congestion/ledbat-queue-depth.ts';

const SECOND_US = 1_000_000;

test('before anything is lost nothing bounds the target', () => {
  expect(new LedbatQueueDepth().targetUs).toBe(Infinity);
});

test('the target is a quarter of the delay at which packets were lost', () => {
  const depth = new LedbatQueueDepth();
  depth.onLost(24_000, SECOND_US);
  expect(depth.targetUs).toBe(6_000);
});

test('losses of the wire, in an empty queue, hide no deeper queue and bound at two milliseconds', () => {
  const depth = new LedbatQueueDepth();
  depth.onLost(24_000, SECOND_US);
  depth.onLost(100, 2 * SECOND_US);
  expect(depth.targetUs).toBe(6_000);
  const wire = new LedbatQueueDepth();
  wire.onLost(100, SECOND_US);
  expect(wire.targetUs).toBe(2_000);
});

test('a depth is forgotten after ten to twenty seconds with losses', () => {
  const depth = new LedbatQueueDepth();
  depth.onLost(40_000, 0);
  depth.onLost(12_000, 11 * SECOND_US);
  expect(depth.targetUs).toBe(10_000);
  depth.onLost(12_000, 22 * SECOND_US);
  expect(depth.targetUs).toBe(3_000);
});
