import { afterEach, expect, test, vi } from 'vitest';
import { controllers, type ControllerName } from '../../src/transfer/core/congestion/registry.ts';
import { bottleneck } from '../sim/bottleneck.ts';
import type { ElementSpec } from '../sim/link.ts';
import { Pair } from '../sim/pair.ts';
import { blackout, delay, loss } from '../sim/wire-elements.ts';

const RTT_US = 40_000;

afterEach(() => {
  vi.restoreAllMocks();
});

/** How often the sender's controller was told of it while `bytes` went over the path. */
function toldCount(
  controller: ControllerName,
  elements: readonly ElementSpec[],
  bytes: number,
): number {
  const options = { datagramBytes: 1200, windowPackets: 64, random: () => 0.5 };
  const made = controllers[controller](options);
  const prototype = Object.getPrototypeOf(made) as typeof made;
  const told = vi.spyOn(prototype, 'onPersistentCongestion');
  const pair = new Pair({
    seed: 1,
    forward: [bottleneck(20e6, 100_000), ...elements, delay(RTT_US / 2)],
    backward: [...elements, delay(RTT_US / 2)],
    config: { controller, windowPackets: 64 },
  });
  const run = pair.transfer({ bytes });
  expect(run.responder.readBytes).toBe(bytes);
  return told.mock.calls.length;
}

const adaptive = ['bbr', 'cubic'] as const;

test.each(adaptive)('%s is told once of a blackout of three seconds', (controller) => {
  const silence = blackout([1_000_000, 4_000_000]);
  expect(toldCount(controller, [silence], 4_000_000)).toBe(1);
});

test.each(adaptive)('%s is not told of a blackout of a round trip', (controller) => {
  const silence = blackout([1_000_000, 1_000_000 + RTT_US]);
  expect(toldCount(controller, [silence], 4_000_000)).toBe(0);
});

// CUBIC at 20 % has two packets in flight: four lost ones in a row are rare and are persistent then.
test.each([
  ['bbr', 0.1, 5_000_000],
  ['bbr', 0.2, 5_000_000],
  ['cubic', 0.1, 2_000_000],
] as const)('%s is not told of %d of all packets lost at random', (controller, rate, bytes) => {
  expect(toldCount(controller, [loss(rate)], bytes)).toBe(0);
});

test('a flow of CUBIC begins small after a blackout, and finds its rate again', () => {
  const backAtUs = 4_000_000;
  const elements = [blackout([1_000_000, backAtUs]), delay(RTT_US / 2)];
  const pair = new Pair({
    seed: 1,
    forward: [bottleneck(20e6, 100_000), ...elements],
    backward: elements,
    config: { controller: 'cubic' },
  });
  const run = pair.add({ bytes: 40_000_000 });
  let windowBytes = 0;
  const stats = () => run.opener.connection!.stats;
  pair.network.at(999_000, pair.a, () => (windowBytes = stats().windowBytes));
  let leastAfterBytes = Infinity;
  for (let atUs = backAtUs; atUs < backAtUs + 1_500_000; atUs += 1_000) {
    pair.network.at(atUs, pair.a, () => {
      leastAfterBytes = Math.min(leastAfterBytes, stats().windowBytes);
    });
  }
  pair.network.runUntil(backAtUs + 2_000_000);
  expect(windowBytes).toBeGreaterThan(100_000);
  expect(leastAfterBytes).toBe(2 * 1200);
  const before = run.responder.readBytes;
  pair.network.runUntil(backAtUs + 3_000_000);
  // Of 2.5 MB that the link carries in a second.
  expect(run.responder.readBytes - before).toBeGreaterThan(2_200_000);
});
