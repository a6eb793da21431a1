import { expect, test } from 'vitest';
import type { HeldTimes } from '../../src/transfer/core/index.ts';
import { bottleneck } from '../sim/bottleneck.ts';
import { Pair, type PairOptions } from '../sim/pair.ts';
import { delay } from '../sim/wire-elements.ts';
import type { StreamPlan } from '../sim/workload.ts';

const RTT_US = 20_000;
const BYTES = 5_000_000;

/** What held a stream back, when its last byte had been read, and how long that took from its opening. */
function heldIn(
  config: PairOptions['config'],
  plan: Partial<StreamPlan>,
  linkBitsPerSec = 1e9,
): HeldTimes & { readonly elapsedUs: number } {
  const pair = new Pair({
    seed: 1,
    forward: [bottleneck(linkBitsPerSec, 250_000), delay(RTT_US / 2)],
    backward: [delay(RTT_US / 2)],
    config: { controller: 'bbr', ...config },
  });
  const run = pair.add({ bytes: BYTES, ...plan });
  pair.network.run(() => run.responder.isReadFinished);
  const { held } = run.opener.connection!.stats;
  return { ...held, elapsedUs: pair.network.nowUs };
}

test('a link of 8 Mbit/s: the path holds the sender back, and of it the controller', () => {
  const held = heldIn({}, {}, 8e6);
  expect(held.elapsedUs).toBeGreaterThan(5_000_000);
  expect(held.pathUs / held.elapsedUs).toBeGreaterThan(0.9);
  expect(held.pathNetworkUs / held.elapsedUs).toBeGreaterThan(0.9);
  expect(held.pathRateUs).toBe(0);
});

test.each(['bbr', 'cubic'] as const)(
  'a rate limit of 1 MB/s under %s: the limit does',
  (controller) => {
    const held = heldIn({ controller, maxBytesPerSec: 1e6 }, {});
    expect(held.pathUs / held.elapsedUs).toBeGreaterThan(0.9);
    expect(held.pathRateUs / (held.pathRateUs + held.pathNetworkUs)).toBeGreaterThan(0.8);
  },
);

test('a reader of 1 MB/s: what is missing is credit', () => {
  const held = heldIn({ creditPoolBytes: 1_048_576 }, { readBytesPerSec: 1e6 });
  expect(held.creditUs / held.elapsedUs).toBeGreaterThan(0.8);
});

test('a writer that pauses: what is missing is bytes', () => {
  const held = heldIn({}, { writePauses: [[50_000, 4_050_000]], chunkBytes: 16_384 });
  expect(held.sourceUs).toBeGreaterThan(3_900_000);
  expect(held.sourceUs).toBeLessThan(4_200_000);
});

test('every moment has one holder', () => {
  const held = heldIn({ maxBytesPerSec: 2e6 }, { writePauses: [[300_000, 900_000]] });
  const sumUs = held.sourceUs + held.creditUs + held.pathUs;
  // From the opening on, which took a round trip.
  expect(sumUs).toBeGreaterThan(held.elapsedUs - 1.5 * RTT_US);
  expect(sumUs).toBeLessThanOrEqual(held.elapsedUs);
});
