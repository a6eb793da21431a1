import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay } from '../sim/wire-elements.ts';

const CONNECTIONS = 20;
const BYTES = 500_000;

test('twenty connections of one path finish together, as fast as one with all their bytes', () => {
  const build = (): Pair =>
    new Pair({
      seed: 1,
      forward: [bottleneck(50e6, 250_000), delay(10_000)],
      backward: [delay(10_000)],
    });
  const many = build();
  for (let count = 0; count < CONNECTIONS; count++) many.add({ bytes: BYTES });
  many.workload.runToEnd();
  const ends = many.workload.runs.map(({ responder }) => responder.readFinishedAtUs);
  const one = build().transfer({ bytes: CONNECTIONS * BYTES }).responder.readFinishedAtUs;
  expect(Math.max(...ends)).toBeLessThan(1.15 * one);
  expect(Math.max(...ends) / Math.min(...ends)).toBeLessThan(1.15);
});

test.each([1, 2, 3])(
  'four streams to one peer take no longer than one of the sum of their bytes, seed %i',
  (seed) => {
    const endOf = (sizes: readonly number[]): number => {
      const pair = new Pair({
        seed,
        forward: [bottleneck(40e6, 250_000), delay(25_000)],
        backward: [delay(25_000)],
        config: { controller: 'bbr', maxDatagramBytes: 1472 },
      });
      for (const bytes of sizes) pair.add({ bytes });
      pair.workload.runToEnd();
      return Math.max(...pair.workload.runs.map(({ responder }) => responder.readFinishedAtUs));
    };
    expect(endOf(Array<number>(4).fill(4e6))).toBeLessThan(1.05 * endOf([16e6]));
  },
);
