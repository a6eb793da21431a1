import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay } from '../sim/wire-elements.ts';
import { isEmpty } from '../sim/workload.ts';

const MIB = 2 ** 20;
const CONNECTIONS = 50;
const BYTES = 500_000;
const RATE_BITS_PER_SEC = 100e6;
const IDEAL_US = (CONNECTIONS * BYTES * 8e6) / RATE_BITS_PER_SEC;

/** Fifty streams at once to one peer, run to their ends. */
function fifty(creditPoolBytes: number): Pair {
  const pair = new Pair({
    seed: 1,
    isPoisoned: false,
    forward: [bottleneck(RATE_BITS_PER_SEC, 625_000), delay(25_000)],
    backward: [delay(25_000)],
    config: { controller: 'bbr', maxDatagramBytes: 1472, creditPoolBytes },
  });
  for (let nth = 0; nth < CONNECTIONS; nth++) pair.add({ bytes: BYTES });
  pair.workload.runToEnd();
  expect(pair.workload.runs.map(({ responder }) => responder.readBytes)).toEqual(
    Array(CONNECTIONS).fill(BYTES),
  );
  expect([isEmpty(pair.a), isEmpty(pair.b)]).toEqual([true, true]);
  return pair;
}

function endsOf(pair: Pair): number[] {
  return pair.workload.runs.map(({ responder }) => responder.readFinishedAtUs);
}

test.each([128, 8])('fifty connections on a pool of %i MiB end together', (poolMib) => {
  const ends = endsOf(fifty(poolMib * MIB));
  expect(Math.max(...ends)).toBeLessThan(1.3 * IDEAL_US);
  expect(Math.min(...ends)).toBeGreaterThan(0.9 * Math.max(...ends));
});

test('where the pool holds half of fifty connections, the others wait their turn and none for ever', () => {
  const pair = fifty(4 * MIB);
  // An OPEN for which there is no room is refused, and comes again.
  expect(Math.max(...pair.workload.runs.map(({ openCount }) => openCount))).toBeGreaterThan(1);
  expect(Math.max(...endsOf(pair))).toBeLessThan(1.5 * IDEAL_US);
});
