import { expect, test } from 'vitest';
import { plainIntroduction } from '../../src/transfer/core/index.ts';
import { Pair } from '../sim/pair.ts';
import { Random } from '../sim/random.ts';
import { delay } from '../sim/wire-elements.ts';

test("a stranger's OPEN is counted, gets no answer and leaves nothing behind", () => {
  const { network, a, b, forward, backward } = new Pair({ seed: 1, forward: [delay(1_000)] });
  a.transport.open(plainIntroduction('00000000deadbeef'), [b.address], 0);
  network.runUntil(30_000_000);
  expect(forward.counters.sentCount).toBeGreaterThan(5);
  expect(b.transport.counters.strangers).toBe(forward.counters.sentCount);
  expect(backward.counters.sentCount).toBe(0);
  expect([b.transport.connectionCount, b.transport.halfOpenCount, b.timeoutUs]).toEqual([
    0,
    0,
    Infinity,
  ]);
});

/** Runs a transfer; returns how many datagrams each side counted as not its own. */
function countRefused(noiseCount: number): readonly number[] {
  const pair = new Pair({ seed: 1, forward: [delay(1_000)] });
  const run = pair.add({ bytes: 500_000 });
  const random = new Random(5);
  const spoofed = { address: 'nobody', port: 9 };
  for (const node of [pair.a, pair.b]) {
    for (let nth = 0; nth < noiseCount; nth++) {
      pair.network.at(nth * 500, node, (nowUs) => {
        const datagram = Uint8Array.from({ length: random.integer(0, 64) }, () => random.u32());
        // Half of them look like ours.
        if (datagram.length > 4 && random.chance(0.5)) datagram[4] = 0x40 | random.integer(0, 12);
        node.transport.handleDatagram(datagram, spoofed, nowUs);
      });
    }
  }
  pair.workload.runToEnd();
  expect(run.responder.readBytes).toBe(500_000);
  expect(pair.network.unroutableCount).toBe(0);
  return [pair.a, pair.b].map(({ transport }) => {
    const { malformed, unknownConnection, strangers, damaged, forged } = transport.counters;
    return malformed + unknownConnection + strangers + damaged + forged;
  });
}

test('random datagrams at both sides of a running transfer change nothing but counters', () => {
  const quiet = countRefused(0);
  expect(countRefused(2_000)).toEqual(quiet.map((count) => count + 2_000));
});
