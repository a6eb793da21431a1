import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Coverage } from '../../bench/simulated/coverage.ts';

test('each byte is new once, however the pieces come', () => {
  const piece = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 12 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const coverage = new Coverage();
      const seen = new Set<number>();
      for (const [from, length] of pieces) {
        const before = seen.size;
        for (let byte = from; byte < from + length; byte++) seen.add(byte);
        expect(coverage.add(from, from + length)).toBe(seen.size - before);
      }
      const end = Math.max(0, ...seen) + 1;
      const missing = Array.from({ length: end }, (_, byte) => byte).filter((b) => !seen.has(b));
      const gaps = missing.filter((byte, at) => byte !== (missing[at - 1] ?? -2) + 1);
      expect(coverage.gapCount).toBe(pieces.length === 0 ? 0 : gaps.length);
    }),
  );
});

test('what comes in order leaves no gap', () => {
  const coverage = new Coverage();
  for (let from = 0; from < 10_000; from += 100) coverage.add(from, from + 100);
  expect(coverage.gapCount).toBe(0);
});
