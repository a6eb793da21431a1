import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import type { ElementSpec } from '../sim/link.ts';
import { Pair } from '../sim/pair.ts';
import { delay, lose, loss, mtu } from '../sim/wire-elements.ts';

const IP_UDP_BYTES = 28;
const DATA = 3;
const PING = 6;
const MTU_PROBE = 7;

interface PathPlan {
  readonly mtuBytes: number;
  /** Default: of an interface with MTU 1500. */
  readonly maxDatagramBytes?: number;
  readonly receiveBufferBytes?: number;
  /** Default 50 Mbit/s. */
  readonly bitsPerSec?: number;
  readonly elements?: readonly ElementSpec[];
  readonly controller?: 'cubic' | 'fixed';
  readonly windowPackets?: number;
}

/**
 * A pair whose path carries IP packets up to `mtuBytes`. `probed` fills with the sizes of MTU probes,
 * `pingsAtUs` and `dataAtUs` with the times of PING and DATA.
 */
function pairOver(plan: PathPlan): {
  pair: Pair;
  probed: number[];
  pingsAtUs: number[];
  dataAtUs: number[];
} {
  const probed: number[] = [];
  const pingsAtUs: number[] = [];
  const dataAtUs: number[] = [];
  const watch = lose((datagram, _count, atUs) => {
    const type = datagram[4]! & 0x3f;
    if (type === MTU_PROBE) probed.push(datagram.length);
    if (type === PING) pingsAtUs.push(atUs);
    if (type === DATA) dataAtUs.push(atUs);
    return false;
  });
  const { controller = 'cubic', windowPackets = 32 } = plan;
  const pair = new Pair({
    seed: 1,
    forward: [
      watch,
      bottleneck(plan.bitsPerSec ?? 50e6, 250_000),
      mtu(plan.mtuBytes),
      delay(10_000),
      ...(plan.elements ?? []),
    ],
    backward: [delay(10_000)],
    config: {
      maxDatagramBytes: plan.maxDatagramBytes ?? 1472,
      receiveBufferBytes: plan.receiveBufferBytes ?? 4_194_304,
      controller,
      windowPackets,
    },
  });
  return { pair, probed, pingsAtUs, dataAtUs };
}

test.each([
  [1228, 1200],
  [1280, 1252],
  [1400, 1372],
  [1460, 1432],
  [1492, 1464],
  [1500, 1472],
])('over a path of MTU %i datagrams grow to within 16 bytes of %i', (mtuBytes, largest) => {
  const { pair } = pairOver({ mtuBytes, bitsPerSec: 10e6 });
  const run = pair.add({ bytes: 50_000_000 });
  pair.network.runUntil(25_000_000);
  const { datagramBytes } = run.opener.connection!.stats;
  expect(datagramBytes).toBeLessThanOrEqual(largest);
  expect(datagramBytes).toBeGreaterThanOrEqual(Math.max(1200, largest - 16));
});

test('the first second is enough for an Ethernet', () => {
  const { pair, probed } = pairOver({ mtuBytes: 1500 });
  const run = pair.add({ bytes: 20_000_000 });
  pair.network.runUntil(1_000_000);
  expect(run.opener.connection!.stats.datagramBytes).toBe(1472);
  expect(probed).toEqual([1372, 1400, 1452, 1472]);
});

test('no datagram exceeds what the receiver can hold 32 of', () => {
  const receiveBufferBytes = 100_000;
  const { pair, probed } = pairOver({
    mtuBytes: 65_535,
    maxDatagramBytes: 31_972,
    receiveBufferBytes,
  });
  const run = pair.transfer({ bytes: 20_000_000 });
  expect(run.opener.connection!.stats.datagramBytes).toBe(receiveBufferBytes / 32);
  expect(Math.max(...probed)).toBe(receiveBufferBytes / 32);
});

test('probes that a path swallows cost neither window nor time', () => {
  const spent = (maxDatagramBytes: number) => {
    const { pair } = pairOver({ mtuBytes: 1228, maxDatagramBytes });
    const run = pair.transfer({ bytes: 20_000_000 });
    const { stats } = run.opener.connection!;
    return { us: run.responder.readFinishedAtUs, lost: stats.packetsLostCount };
  };
  const [without, searching] = [spent(1200), spent(8972)];
  expect(searching.lost).toBeLessThanOrEqual(without.lost);
  expect(searching.us).toBeLessThan(1.01 * without.us);
});

test('with a window of one packet a lost probe stops nothing and brings no probe timeout', () => {
  const plan = { mtuBytes: 1228, controller: 'fixed', windowPackets: 1 } as const;
  const { pair, probed, dataAtUs } = pairOver(plan);
  const run = pair.transfer({ bytes: 500_000 });
  expect(probed.length).toBeGreaterThan(9);
  expect(run.opener.connection!.stats.packetsLostCount).toBe(0);
  const gapsUs = dataAtUs.slice(1).map((atUs, index) => atUs - dataAtUs[index]!);
  // One packet a round trip, of 20 ms and what serialising takes.
  expect(Math.min(...gapsUs)).toBeGreaterThanOrEqual(20_000);
  expect(Math.max(...gapsUs)).toBeLessThan(21_000);
});

test('a lost probe with nothing behind it brings neither a probe timeout nor a stall', () => {
  const isProbe = (datagram: Uint8Array): boolean => (datagram[4]! & 0x3f) === MTU_PROBE;
  const { pair, probed, pingsAtUs } = pairOver({ mtuBytes: 65_535, elements: [lose(isProbe)] });
  // Silence of more than five seconds, and less than until the first keepalive.
  const run = pair.add({ bytes: 6_000, replyBytes: 20_000, replyReadBytesPerSec: 2_000 });
  const stalled: string[] = [];
  const { application } = pair.a;
  pair.a.application = (event, nowUs) => {
    if (event.type === 'stalled') stalled.push('a');
    application(event, nowUs);
  };
  pair.workload.runToEnd();
  expect(run.responder.readBytes).toBe(6_000);
  expect(run.opener.readFinishedAtUs).toBeGreaterThan(9_000_000);
  expect(probed).toEqual([1372]);
  expect(stalled).toEqual([]);
  // The one that greets.
  expect(pingsAtUs).toHaveLength(1);
});

test('a transfer of a few packets probes nothing', () => {
  const { pair, probed } = pairOver({ mtuBytes: 1500 });
  pair.transfer({ bytes: 2_500 });
  expect(probed).toEqual([]);
});

test('random loss of one in ten does not keep datagrams small', () => {
  const { pair } = pairOver({ mtuBytes: 1500, elements: [loss(0.1)] });
  const run = pair.transfer({ bytes: 5_000_000 });
  expect(run.opener.connection!.stats.datagramBytes).toBe(1472);
});

test('a path whose MTU shrinks under a transfer carries on with small datagrams', () => {
  const shrinksAtUs = 1_000_000;
  const shrink = lose(
    (datagram, _count, atUs) => atUs >= shrinksAtUs && datagram.length + IP_UDP_BYTES > 1300,
  );
  const { pair } = pairOver({ mtuBytes: 1500, elements: [shrink] });
  const run = pair.add({ bytes: 20_000_000 });
  pair.network.runUntil(shrinksAtUs);
  expect(run.opener.connection!.stats.datagramBytes).toBe(1472);
  pair.network.runUntil(shrinksAtUs + 4_000_000);
  expect(run.opener.connection!.stats.datagramBytes).toBe(1200);
  const before = run.responder.readBytes;
  pair.network.runUntil(shrinksAtUs + 6_000_000);
  expect(run.responder.readBytes).toBeGreaterThan(before + 2_000_000);
  pair.workload.runToEnd();
});

test('a blackout is no black hole', () => {
  const dark = lose((_datagram, _count, atUs) => atUs > 1_000_000 && atUs < 5_000_000);
  const { pair } = pairOver({ mtuBytes: 1500, elements: [dark] });
  const run = pair.transfer({ bytes: 20_000_000 });
  expect(run.opener.connection!.stats.datagramBytes).toBe(1472);
});
