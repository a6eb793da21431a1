import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatBytes,
  formatDuration,
  formatRate,
  formatTransfer,
} from '../../src/text/measures.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [999.4, '999 B'],
  [999.6, '1.0 kB'],
  [1000, '1.0 kB'],
  [20_000_000, '20.0 MB'],
  [20_000_001, '20.0 MB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [5e15, '5.0 PB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0.0 s'],
  [1_234, '1.2 s'],
  [59_949, '59.9 s'],
  [59_950, '1:00 min'],
  [125_000, '2:05 min'],
  [3_599_600, '1:00:00 h'],
  [3_849_000, '1:04:09 h'],
])('%d ms are shown as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('a transfer is shown as size, time and rate; one that took no time has no rate', () => {
  expect(formatTransfer(20_000_000, 1_307)).toBe('20.0 MB in 1.3 s, 15.3 MB/s');
  expect(formatTransfer(0, 0)).toBe('0 B in 0.0 s, 0 B/s');
});

test('no size or rate up to 900 PB is shown with four digits before its unit', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 9e17, noNaN: true }), (bytes) => {
      expect(formatRate(bytes)).toMatch(/^(\d{1,3} B|\d{1,3}\.\d [kMGTP]B)\/s$/);
    }),
  );
});
