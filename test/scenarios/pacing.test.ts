import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { Random } from '../sim/random.ts';
import { delay, lose } from '../sim/wire-elements.ts';
import type { StreamRun } from '../sim/workload.ts';

const DATA = 3;
const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);
/** Of what the bound says; what is above is repaid (DESIGN of the pacer). */
const GAIN = 1.25;
const MIN_QUANTUM_PACKETS = 2;
const MAX_QUANTUM_BYTES = 1_048_576;
/** Probes of probe timeouts bypass the pacer: two at a time. */
const PROBE_PACKETS = 2;

interface Sent {
  readonly atUs: number;
  readonly bytes: number;
  readonly bytesPerSec: number;
  readonly datagramBytes: number;
}

/** Most that ever left beyond 1.25 × the rate since any earlier moment, in quanta of that moment. */
function mostQuanta(sent: readonly Sent[], tickUs: number): number {
  let [excess, most, lastAtUs, lastRate] = [0, 0, 0, 0];
  for (const { atUs, bytes, bytesPerSec, datagramBytes } of sent) {
    // A rate may have changed between: the higher one is allowed for all of it.
    const rate = Math.max(lastRate, bytesPerSec);
    excess = Math.max(0, excess - (GAIN * rate * (atUs - lastAtUs)) / 1e6) + bytes;
    [lastAtUs, lastRate] = [atUs, bytesPerSec];
    const atRate = Math.min(MAX_QUANTUM_BYTES, (rate * tickUs) / 1e6);
    const quantum = Math.max(MIN_QUANTUM_PACKETS * datagramBytes, atRate);
    most = Math.max(most, (excess - PROBE_PACKETS * datagramBytes) / quantum);
  }
  return most;
}

test.each(SEEDS.flatMap((seed) => [500, 2000].map((tickUs) => [seed, tickUs] as const)))(
  'on a path whose rate changes no interval has more than 1.25 × the pacing rate and two quanta, seed %i, ticks of %i us',
  (seed, tickUs) => {
    const random = new Random(seed).split('pacing');
    const rates = [0, 1, 2, 3, 4].map(
      (second) => [second * 1e6, Math.round(10 ** (6 + 2 * random.next()))] as const,
    );
    const sent: Sent[] = [];
    const runs: StreamRun[] = [];
    const watch = lose((datagram, _count, atUs) => {
      const stats = runs[0]?.opener.connection?.stats;
      if ((datagram[4]! & 0x3f) !== DATA || stats === undefined) return false;
      const { pacingBytesPerSec: bytesPerSec, datagramBytes } = stats;
      sent.push({ atUs, bytes: datagram.length, bytesPerSec, datagramBytes });
      return false;
    });
    const pair = new Pair({
      seed,
      forward: [watch, bottleneck(rates, random.integer(20_000, 500_000)), delay(20_000)],
      backward: [delay(20_000)],
      config: { controller: 'bbr', maxDatagramBytes: 1472 },
      loops: { a: tickUs === 2000 ? { tickUs: [1000, 2000] } : {} },
    });
    runs.push(pair.add({ bytes: 100_000_000 }));
    pair.network.runUntil(5_000_000);
    expect(sent.length).toBeGreaterThan(100);
    expect(mostQuanta(sent, tickUs)).toBeLessThanOrEqual(2);
  },
);
