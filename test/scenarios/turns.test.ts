import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay } from '../sim/wire-elements.ts';

const CONNECTIONS = 50;
const BYTES = 400_000;

test('fifty connections of a fast path end together, and few of their packets bring an ACK or a MARK', () => {
  const pair = new Pair({
    seed: 1,
    isPoisoned: false,
    forward: [bottleneck(800e6, 1_000_000), delay(200)],
    backward: [delay(200)],
    config: { controller: 'bbr', maxDatagramBytes: 1472 },
  });
  for (let nth = 0; nth < CONNECTIONS; nth++) pair.add({ bytes: BYTES });
  pair.workload.runToEnd();
  const [packets, answers] = [pair.b, pair.a].map(({ transport }) => transport.counters.received);
  const dataPackets = Math.ceil((CONNECTIONS * BYTES) / 1_440);
  // In turns of one packet each brings its own.
  expect(answers).toBeLessThan(dataPackets / 2);
  expect(packets! - dataPackets).toBeLessThan(dataPackets / 8);
  const ends = pair.workload.runs.map(({ responder }) => responder.readFinishedAtUs);
  expect(Math.max(...ends)).toBeLessThan(1.1 * Math.min(...ends));
});
