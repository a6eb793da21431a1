import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { blackout, delay } from '../sim/wire-elements.ts';

const BACK_AT_US = 11_000_000;

test.each(['cubic', 'fixed'] as const)(
  'with %s bytes flow again within two seconds after ten of blackout',
  (controller) => {
    const both = [delay(20_000), blackout([1_000_000, BACK_AT_US])];
    const pair = new Pair({
      seed: 1,
      forward: [bottleneck(20e6, 100_000), ...both],
      backward: both,
      config: { controller, windowPackets: 64 },
    });
    const run = pair.add({ bytes: 10_000_000 });
    pair.network.runUntil(BACK_AT_US);
    const before = run.responder.readBytes;
    expect(before).toBeGreaterThan(1_000_000);
    pair.network.runUntil(BACK_AT_US + 2_000_000);
    expect(run.responder.readBytes).toBeGreaterThan(before + 100_000);
    pair.workload.runToEnd();
    // 4.1 s at the rate of the link, 10 of blackout.
    expect(run.responder.readFinishedAtUs).toBeLessThan(18_000_000);
  },
);

test('during a blackout at most two probes leave for each probe timeout', () => {
  const both = [delay(20_000), blackout([1_000_000, BACK_AT_US])];
  const pair = new Pair({ seed: 1, forward: [bottleneck(20e6, 100_000), ...both], backward: both });
  pair.add({ bytes: 10_000_000 });
  pair.network.runUntil(3_000_000);
  const { sentCount } = pair.forward.counters;
  pair.network.runUntil(10_000_000);
  // The longest probe timeout is a second.
  expect(pair.forward.counters.sentCount - sentCount).toBeLessThanOrEqual(2 * 8);
  expect(pair.forward.counters.sentCount - sentCount).toBeGreaterThanOrEqual(7);
});

const RTT_US = 40_000;
/** A few packets beside what was in flight: probes. */
const FEW_BYTES = 10 * 1500;

test.each([1, 2, 3])(
  'after ten seconds of blackout bytes flow within 3 RTT + 1 s, and only what was in flight is sent again, seed %i',
  (seed) => {
    const both = [delay(RTT_US / 2), blackout([1_000_000, BACK_AT_US])];
    const pair = new Pair({
      seed,
      forward: [bottleneck(20e6, 100_000), ...both],
      backward: both,
      config: { controller: 'bbr', maxDatagramBytes: 1472 },
    });
    const { network } = pair;
    network.traced(() => {
      const run = pair.add({ bytes: 10_000_000 });
      network.runUntil(BACK_AT_US);
      const { readBytes } = run.responder;
      expect(readBytes).toBeGreaterThan(1_000_000);
      const connection = run.opener.connection!;
      const before = connection.stats;
      network.runUntil(BACK_AT_US + 3 * RTT_US + 1_000_000);
      expect(run.responder.readBytes).toBeGreaterThan(readBytes);
      network.runUntil(BACK_AT_US + 3_000_000);
      const again = connection.stats.bytesRetransmittedCount - before.bytesRetransmittedCount;
      expect(again).toBeLessThanOrEqual(before.bytesInFlight + FEW_BYTES);
      expect(connection.stats.packetsSpuriouslyLostCount).toBe(0);
      // Two seconds at the rate of the link, but for the first.
      expect(run.responder.readBytes - readBytes).toBeGreaterThan(0.8 * 2 * 2_500_000);
    });
  },
);

const MANY = 20;

test('after a blackout all connections of a path flow again at once, not by their timers one after the other', () => {
  const backAtUs = 4_000_000;
  const both = [delay(RTT_US / 2), blackout([1_000_000, backAtUs])];
  const pair = new Pair({
    seed: 1,
    forward: [bottleneck(20e6, 100_000), ...both],
    backward: both,
    config: { controller: 'bbr' },
  });
  const { network, workload } = pair;
  for (let nth = 0; nth < MANY; nth++) pair.add({ bytes: 200_000 });
  network.runUntil(backAtUs);
  const before = workload.runs.map(({ responder }) => responder.readBytes);
  expect(Math.max(...before)).toBeLessThan(200_000);
  // The longest probe timeout of the first that asks, and what all that was lost takes.
  network.runUntil(backAtUs + 1_000_000 + 3 * RTT_US);
  for (const [nth, { responder }] of workload.runs.entries()) {
    expect(responder.readBytes).toBeGreaterThan(before[nth]!);
  }
});
