import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';
import { Bottleneck } from './bottleneck.ts';
import { RateTrace, StepCursor } from './rate-trace.ts';
import { delaySteps } from './wire-elements.ts';

test('a packet that is being serialised goes on at the new rate', () => {
  // 1250 bytes are 1 ms at 10 Mbit/s: half of it there, the other at 1 Mbit/s.
  const trace = new RateTrace([
    [0, 10e6],
    [500, 1e6],
  ]);
  expect(trace.endUs(0, 1250)).toBe(5500);
  expect(trace.endUs(5500, 1250)).toBe(15_500);
});

test('a rate of 0 holds what is being serialised, and nothing is lost', () => {
  const shared = new Bottleneck({
    rateBitsPerSec: [
      [0, 10e6],
      [500, 0],
      [100_000, 10e6],
    ],
    queueBytes: 100_000,
  });
  const { arrivals, counters } = new Arrivals([shared.through()]).send(3, 0, 1222);
  expect(arrivals.map(({ atUs }) => atUs)).toEqual([100_500, 101_500, 102_500]);
  expect(counters.queueDropCount).toBe(0);
});

test('what is through at an instant does not depend on how it was cut', () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 0, max: 50_000_000 })),
    {
      maxLength: 10,
    },
  );
  fc.assert(
    fc.property(
      steps,
      fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 20 }),
      (gaps, sizes) => {
        let atUs = 0;
        const trace: [number, number][] = [[0, 1e6]];
        for (const [gapUs, rate] of gaps) trace.push([(atUs += gapUs), rate]);
        trace.push([atUs + 1, 2e6]);
        const [whole, cut] = [new RateTrace(trace), new RateTrace(trace)];
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const endUs = sizes.reduce((fromUs, size) => cut.endUs(fromUs, size), 0);
        expect(endUs).toBeCloseTo(whole.endUs(0, total), 3);
      },
    ),
  );
});

test('steps begin at 0, go forward, and do not end in standstill', () => {
  expect(() => new StepCursor([[5, 1]])).toThrow('begin at 0');
  expect(() => new RateTrace([[0, 0]])).toThrow('the last rate');
  expect(
    () =>
      new StepCursor([
        [0, 1],
        [0, 2],
      ]),
  ).toThrow('later');
});

test('a delay that grows opens a gap, and one that shrinks lets later datagrams overtake', () => {
  const steps = delaySteps([
    [0, 1000],
    [2000, 5000],
    [4000, 500],
  ]);
  const { arrivals } = new Arrivals([steps]).send(6, 1000, 100);
  expect(arrivals.map(({ index, atUs }) => [index, atUs])).toEqual([
    [0, 1000],
    [1, 2000],
    [4, 4500],
    [5, 5500],
    [2, 7000],
    [3, 8000],
  ]);
});
