import { expect, test } from 'vitest';
import { Pair } from '../sim/pair.ts';
import { delay } from '../sim/wire-elements.ts';

test('a newcomer opens at once beside transfers that hold all the credit they may', () => {
  const pair = new Pair({
    seed: 1,
    forward: [delay(10_000)],
    config: { creditPoolBytes: 2 ** 22 },
  });
  for (let count = 0; count < 8; count++) pair.add({ bytes: 4_000_000, readBytesPerSec: 1e6 });
  const newcomer = pair.add({ bytes: 100_000, startAtUs: 1_000_000 });
  pair.workload.runToEnd();
  expect(pair.workload.runs.map((run) => run.openCount)).toEqual(Array(9).fill(1));
  expect(newcomer.responder.readFinishedAtUs).toBeLessThan(2_000_000);
});

test('many that come while the first of them hold more than their share all open, if a little later', () => {
  const pair = new Pair({
    seed: 1,
    forward: [delay(10_000)],
    config: { creditPoolBytes: 2 ** 22 },
  });
  const starts = Array.from({ length: 30 }, (_, index) => index * 15_000);
  for (const startAtUs of starts) pair.add({ bytes: 400_000, readBytesPerSec: 1e6, startAtUs });
  pair.workload.runToEnd();
  expect(pair.workload.runs.map((run) => run.openCount)).toEqual(Array(30).fill(1));
});
