import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair } from '../sim/pair.ts';
import { delaySteps } from '../sim/wire-elements.ts';

const GROWS_AT_US = 5_000_000;
const RATE_BITS_PER_SEC = 40e6;

/**
 * What may be in flight was bounded by the lowest RTT ever seen: a path from 20 to 300 ms was left with
 * 1.3 Mbit/s of 40 for as long as it was looked at.
 */
test.each([1, 2, 3])('a path that becomes longer fills again by itself, seed %i', (seed) => {
  const way = delaySteps([
    [0, 10_000],
    [GROWS_AT_US, 150_000],
  ]);
  const pair = new Pair({
    seed,
    forward: [bottleneck(RATE_BITS_PER_SEC, 250_000), way],
    backward: [way],
    config: { controller: 'bbr', maxDatagramBytes: 1472 },
  });
  const run = pair.add({ bytes: 200_000_000 });
  pair.network.traced(() => {
    pair.network.runUntil(GROWS_AT_US + 20_000_000);
    const before = run.responder.readBytes;
    pair.network.runUntil(GROWS_AT_US + 25_000_000);
    const bitsPerSec = ((run.responder.readBytes - before) * 8) / 5;
    expect(bitsPerSec).toBeGreaterThan(0.8 * RATE_BITS_PER_SEC);
    expect(run.opener.connection!.stats.packetsSpuriouslyLostCount).toBe(0);
  });
});
