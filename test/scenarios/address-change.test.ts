import { expect, test } from 'vitest';
import { bottleneck } from '../sim/bottleneck.ts';
import type { ElementSpec } from '../sim/link.ts';
import type { SimNode } from '../sim/network.ts';
import { Pair } from '../sim/pair.ts';
import type { StreamRun } from '../sim/workload.ts';
import { blackout, delay, lose } from '../sim/wire-elements.ts';

const DATA = 3;
const PATH_CHALLENGE = 8;
const BYTES = 10_000_000;
const MOVES_AT_US = 1_000_000;

function way(delayUs: number, ...more: readonly ElementSpec[]): readonly ElementSpec[] {
  return [bottleneck(40e6, 200_000), delay(delayUs), ...more];
}

function typeOf(datagram: Uint8Array): number {
  return datagram[4]! & 0x3f;
}

/** A running transfer from a to b, at the moment before anything changes. */
function running(forward: readonly ElementSpec[] = way(10_000)): { pair: Pair; run: StreamRun } {
  const config = { controller: 'cubic' } as const;
  const pair = new Pair({ seed: 1, config, forward, backward: way(10_000) });
  const run = pair.add({ bytes: BYTES });
  pair.network.runUntil(MOVES_AT_US);
  expect(run.responder.readBytes).toBeGreaterThan(BYTES / 10);
  return { pair, run };
}

/** `node` goes to `address`, with new links between it and `peer`. */
function move(
  { network }: Pair,
  node: SimNode,
  peer: SimNode,
  address: string,
  elements: readonly ElementSpec[],
  isOldHeard = false,
): void {
  network.move(node, address, isOldHeard);
  network.connect(node, peer, elements);
  network.connect(peer, node, elements);
}

/** Time from the move to the last byte, and for the bytes that were left, at most. */
function finish(pair: Pair, run: StreamRun): number {
  pair.workload.runToEnd();
  expect(run.responder.readBytes).toBe(BYTES);
  return run.responder.readFinishedAtUs - MOVES_AT_US;
}

/** At 40 Mbit/s. */
const REST_US = (BYTES / 5) * 1.1;

test('a sender that moves is followed within a second, and nothing is lost for good', () => {
  const { pair, run } = running();
  move(pair, pair.a, pair.b, 'a2', way(15_000));
  expect(finish(pair, run)).toBeLessThan(REST_US + 1_000_000);
  expect(run.responder.connection!.peerAddress.address).toBe('a2');
});

test('a receiver that moves is found by its ACKs, and its path starts anew', () => {
  const { pair, run } = running();
  move(pair, pair.b, pair.a, 'b2', way(40_000), true);
  pair.network.runUntil(MOVES_AT_US + 200_000);
  const { connection } = run.opener;
  expect(connection!.peerAddress.address).toBe('b2');
  // The old path's was 20 ms.
  expect(connection!.stats.minRttUs).toBeGreaterThan(75_000);
  expect(finish(pair, run)).toBeLessThan(REST_US + 2_000_000);
  expect(connection!.stats.packetsLostCount).toBeLessThan(400);
});

test('a receiver that moves and hears nothing more is found by its next keepalive', () => {
  const { pair, run } = running();
  move(pair, pair.b, pair.a, 'b2', way(10_000));
  pair.network.runUntil(MOVES_AT_US + 16_000_000);
  expect(run.opener.connection!.peerAddress.address).toBe('b2');
  expect(finish(pair, run)).toBeLessThan(16_000_000 + REST_US);
});

test('both sides may move, one after the other', () => {
  const { pair, run } = running();
  move(pair, pair.a, pair.b, 'a2', way(10_000));
  pair.network.runUntil(MOVES_AT_US + 500_000);
  move(pair, pair.b, pair.a, 'b2', way(10_000), true);
  expect(finish(pair, run)).toBeLessThan(REST_US + 2_000_000);
  expect(run.opener.connection!.peerAddress.address).toBe('b2');
  expect(run.responder.connection!.peerAddress.address).toBe('a2');
});

test('an address that goes away while it is asked is given up for the next', () => {
  const { pair, run } = running();
  const { network, a, b } = pair;
  network.move(a, 'a2');
  network.connect(a, b, way(10_000));
  network.connect(b, a, [blackout([0, Infinity])]);
  network.runUntil(MOVES_AT_US + 100_000);
  expect(run.responder.connection!.peerAddress.address).toBe('a');
  move(pair, a, b, 'a3', way(10_000));
  expect(finish(pair, run)).toBeLessThan(REST_US + 3_000_000);
  expect(run.responder.connection!.peerAddress.address).toBe('a3');
});

test('a sender that comes back to its old address goes on from there', () => {
  const { pair, run } = running();
  move(pair, pair.a, pair.b, 'a2', way(10_000));
  pair.network.runUntil(MOVES_AT_US + 400_000);
  expect(run.responder.connection!.peerAddress.address).toBe('a2');
  move(pair, pair.a, pair.b, 'a', way(10_000));
  expect(finish(pair, run)).toBeLessThan(REST_US + 2_000_000);
  expect(run.responder.connection!.peerAddress.address).toBe('a');
});

test('a copy of a packet from elsewhere brings not one datagram there', () => {
  const copies: Uint8Array[] = [];
  const tap = lose((datagram) => {
    if (typeOf(datagram) === DATA && copies.length < 100) copies.push(datagram.slice());
    return false;
  });
  const { pair, run } = running([tap, ...way(10_000)]);
  const mallory = pair.network.addEndpoint('mallory');
  const toMallory = pair.network.connect(pair.b, mallory, [delay(1_000)]);
  for (const [nth, copy] of copies.entries()) {
    pair.network.at(MOVES_AT_US + nth * 1_000, pair.b, (nowUs) => {
      pair.b.transport.handleDatagram(copy, mallory.address, nowUs);
    });
  }
  expect(finish(pair, run)).toBeLessThan(REST_US);
  expect(toMallory.counters.sentCount).toBe(0);
  expect(run.responder.connection!.peerAddress.address).toBe('a');
});

test('a thief of packets is challenged a few times, at most threefold, and gets nothing else', () => {
  const mallorys: { steal?: (datagram: Uint8Array, atUs: number) => void } = {};
  const thief = lose((datagram, count, atUs) => {
    if (typeOf(datagram) !== DATA || count % 400 !== 0) return false;
    mallorys.steal?.(datagram.slice(), atUs);
    return mallorys.steal !== undefined;
  });
  const { pair, run } = running([thief, ...way(10_000)]);
  const { network, b } = pair;
  const mallory = network.addEndpoint('mallory');
  const toldTypes = new Set<number>();
  const watch = lose((datagram) => {
    toldTypes.add(typeOf(datagram));
    return false;
  });
  const toMallory = network.connect(b, mallory, [watch, delay(1_000)]);
  let givenBytes = 0;
  // It arrives before whatever left a with it.
  mallorys.steal = (bytes, atUs) => {
    network.at(atUs + 2_000, b, (nowUs) => {
      givenBytes += bytes.length;
      b.transport.handleDatagram(bytes, mallory.address, nowUs);
    });
  };
  const tookUs = finish(pair, run);
  expect(tookUs).toBeLessThan(REST_US + 2_000_000);
  expect([...toldTypes]).toEqual([PATH_CHALLENGE]);
  expect(toMallory.counters.sentCount).toBeGreaterThanOrEqual(3);
  // Three for each three waits of 250 ms.
  expect(toMallory.counters.sentCount).toBeLessThanOrEqual(tookUs / 250_000 + 1);
  expect(toMallory.counters.sentBytes).toBeLessThanOrEqual(3 * givenBytes);
  expect(run.responder.connection!.peerAddress.address).toBe('a');
});
