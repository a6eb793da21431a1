import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delay, delaySteps } from '../sim/wire-elements.ts';

const SEEDS = Array.from({ length: 10 }, (_, nth) => nth + 1);

/** Another moment between two probes for every seed. */
function changesAtUs(seed: number): number {
  return 5_000_000 + seed * 310_000;
}
const config = { controller: 'bbr', maxDatagramBytes: 1472 } as const;

/** How long a flow may take to find its way on a path of this RTT. */
function recoveryUs(rttUs: number): number {
  return 3 * rttUs + 1_000_000;
}

/** Payload that a link carries at most. */
function bytesIn(us: number, rateBitsPerSec: number): number {
  return (rateBitsPerSec / 8) * (us / 1e6) * (1444 / 1500);
}

function start(
  seed: number,
  links: Pick<ConstructorParameters<typeof Pair>[0], 'forward' | 'backward'>,
) {
  const pair = new Pair({ seed, config, ...links });
  const run = pair.add({ bytes: 400_000_000 });
  /** Read by the receiver until then. */
  const readUntil = (us: number): number => {
    pair.network.runUntil(us);
    return run.responder.readBytes;
  };
  return { pair, run, readUntil };
}

test.each(SEEDS)('a path from 20 to 300 ms is full again after 3 RTT + 1 s, seed %i', (seed) => {
  const rateBitsPerSec = 40e6;
  const changeAtUs = changesAtUs(seed);
  const way = delaySteps([
    [0, 10_000],
    [changeAtUs, 150_000],
  ]);
  const { pair, run, readUntil } = start(seed, {
    forward: [bottleneck(rateBitsPerSec, 250_000), way],
    backward: [way],
  });
  pair.network.traced(() => {
    const recoveredUs = changeAtUs + recoveryUs(300_000);
    readUntil(changeAtUs);
    const sentAgainBytes = run.opener.connection!.stats.bytesRetransmittedCount;
    const before = readUntil(recoveredUs);
    expect(run.opener.connection!.stats.bytesRetransmittedCount).toBe(sentAgainBytes);
    const readBytes = readUntil(recoveredUs + 1_000_000) - before;
    expect(readBytes).toBeGreaterThan(0.9 * bytesIn(1_000_000, rateBitsPerSec));
    expect(run.opener.connection!.stats.packetsSpuriouslyLostCount).toBe(0);
  });
});

test.each(SEEDS)(
  '100 Mbit/s become 5 and 100 again, and neither floods nor waits, seed %i',
  (seed) => {
    const rttUs = 50_000;
    const queueBytes = 625_000;
    const dropAtUs = changesAtUs(seed);
    const riseAtUs = dropAtUs + 10_000_000;
    const { pair, run, readUntil } = start(seed, {
      forward: [
        bottleneck(
          [
            [0, 100e6],
            [dropAtUs, 5e6],
            [riseAtUs, 100e6],
          ],
          queueBytes,
        ),
        delay(rttUs / 2),
      ],
      backward: [delay(rttUs / 2)],
    });
    pair.network.traced(() => {
      const fullBytes = readUntil(dropAtUs);
      const before = run.opener.connection!.stats;
      const dropCountBefore = pair.forward.counters.queueDropCount;
      // What is in flight has to leave the queue first, at the new rate.
      const drainUs = Math.ceil(((before.bytesInFlight + queueBytes) / (5e6 / 8)) * 1e6);
      readUntil(dropAtUs + recoveryUs(rttUs));
      const dropCount = pair.forward.counters.queueDropCount;
      readUntil(dropAtUs + recoveryUs(rttUs) + drainUs);
      const stats = run.opener.connection!.stats;
      expect(pair.forward.counters.queueDropCount).toBe(dropCount);
      // What did not fit into the queue at once is sent again, and nothing else.
      const sentAgainBytes = stats.bytesRetransmittedCount - before.bytesRetransmittedCount;
      expect(sentAgainBytes).toBeLessThan(1.05 * (dropCount - dropCountBefore) * 1472);
      expect(stats.smoothedRttUs).toBeLessThan(2 * rttUs);
      const slowBytes = readUntil(riseAtUs) - fullBytes;
      expect(slowBytes).toBeGreaterThan(0.9 * bytesIn(riseAtUs - dropAtUs, 5e6));
      const foundBytes = readUntil(riseAtUs + recoveryUs(rttUs));
      const readBytes = readUntil(riseAtUs + recoveryUs(rttUs) + 1_000_000) - foundBytes;
      expect(readBytes).toBeGreaterThan(0.9 * bytesIn(1_000_000, 100e6));
      expect(run.opener.connection!.stats.packetsSpuriouslyLostCount).toBe(0);
    });
  },
);
