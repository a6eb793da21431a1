import { expect, test } from 'vitest';
import { plainIntroduction, type TransportConnection } from '../../../src/transfer/core/index.ts';
import { Pair } from '../../sim/pair.ts';
import { delay, loss, mtu } from '../../sim/wire-elements.ts';
import type { ElementSpec } from '../../sim/link.ts';

const INTERVAL_US = 20_000;

/** Probes a connection on which nothing is sent until there is nothing larger to find. */
function searchIdle(
  largestBytes: number,
  ...elements: readonly ElementSpec[]
): TransportConnection & { readonly tookUs: number } {
  const config = { maxDatagramBytes: largestBytes };
  const { network, a, b } = new Pair({ seed: 7, forward: elements, config });
  const introduction = plainIntroduction('00000000000000aa');
  let found: TransportConnection | undefined;
  let tookUs: number | undefined;
  const search = (): void => {
    if (!found!.probeMtu()) {
      tookUs = network.nowUs;
      return;
    }
    found!.ping();
    network.at(network.nowUs + INTERVAL_US, a, search);
  };
  a.application = (event) => {
    if (event.type !== 'opened') return;
    found = event.connection;
    search();
  };
  network.at(0, b, (nowUs) => b.transport.expect(introduction, nowUs));
  network.at(0, a, (nowUs) => a.transport.open(introduction, [b.address], nowUs));
  network.run(() => tookUs !== undefined);
  return Object.assign(found!, { tookUs: tookUs! });
}

test('a path on which nothing is sent tells the largest datagram that it carries', () => {
  const found = searchIdle(1472, delay(30_000), mtu(1500));
  expect(found.stats.datagramBytes).toBe(1472);
  // A probe a round trip: four sizes above the base.
  expect(found.tookUs).toBeLessThan(1_000_000);
});

test('a path that swallows larger ones is found out, though no data is there to be missed', () => {
  const found = searchIdle(1472, delay(30_000), mtu(1420));
  expect(found.stats.datagramBytes).toBeLessThanOrEqual(1420 - 28);
  expect(found.stats.datagramBytes).toBeGreaterThanOrEqual(1420 - 28 - 32);
});

test('lost probes end no search, and are no loss of the path', () => {
  const found = searchIdle(1472, delay(30_000), loss(0.2));
  expect(found.stats.datagramBytes).toBeGreaterThanOrEqual(1200);
  const quiet = searchIdle(1472, delay(30_000), mtu(1420));
  expect(quiet.stats.packetsLostCount).toBe(0);
});
