import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_SPANS, TimeSeries } from '../../src/plot/time-series.ts';

const kinds = { sum: 'sum', max: 'max', min: 'min', last: 'last' } as const;
const names = Object.keys(kinds) as (keyof typeof kinds)[];

test('of any values over any time the sum, the extremes and the last are kept, in bounded spans', () => {
  const value = fc.record({
    timeMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
    value: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 50 }), (added) => {
      added.sort((one, other) => one.timeMs - other.timeMs);
      const series = new TimeSeries(kinds);
      for (const { timeMs, value } of added) {
        for (const name of names) series.add(name, timeMs, value);
      }
      const told = (name: keyof typeof kinds): number[] =>
        [...series.values(name)].filter((value) => !Number.isNaN(value));
      const values = added.map(({ value }) => value);
      expect(series.spanCount).toBeLessThanOrEqual(MAX_SPANS);
      expect(series.spanCount * series.spanMs).toBeGreaterThan(added.at(-1)!.timeMs);
      expect(told('sum').reduce((sum, value) => sum + value, 0)).toBe(
        values.reduce((sum, value) => sum + value, 0),
      );
      expect(Math.max(...told('max'))).toBe(Math.max(...values));
      expect(Math.min(...told('min'))).toBe(Math.min(...values));
      expect(told('last').at(-1)).toBe(values.at(-1));
    }),
  );
});

test('what lasts is shared out over the spans in which it did', () => {
  const series = new TimeSeries({ waits: 'sum' });
  series.addOver('waits', 1.5, 4.25, 1);
  series.addOver('waits', 4.5, 4.5, 1);
  expect([...series.values('waits')]).toEqual([NaN, 0.5, 1, 1, 0.25]);
  series.add('waits', 2 * MAX_SPANS - 1, 1);
  expect([...series.values('waits').subarray(0, 3)]).toEqual([0.5, 2, 0.25]);
});
