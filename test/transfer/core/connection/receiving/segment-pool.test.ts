import { expect, test } from 'vitest';
import {
  SEGMENT_BYTES,
  SegmentPool,
} from '../../../../../src/transfer/core/connection/receiving/segment-pool.ts';

test('a segment that was given back is lent again', () => {
  const pool = new SegmentPool();
  const segment = pool.take();
  expect(segment).toHaveLength(SEGMENT_BYTES);
  pool.give(segment);
  expect(pool.take()).toBe(segment);
});

test('segments that are lent, given back and forgotten are counted', () => {
  const pool = new SegmentPool();
  const segments = Array.from({ length: 5 }, () => pool.take());
  pool.give(segments[0]!);
  pool.forget(2);
  expect(pool.lentCount).toBe(2);
});

test('at most 256 unused segments are kept', () => {
  const pool = new SegmentPool();
  const segments = Array.from({ length: 300 }, () => pool.take());
  for (const segment of segments) pool.give(segment);
  const again = new Set(Array.from({ length: 300 }, () => pool.take()));
  expect(segments.filter((segment) => again.has(segment))).toHaveLength(256);
});
