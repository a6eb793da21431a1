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
