import { expect, test } from 'vitest';
import { Arrivals, type Arrival, Silent } from './arrivals.ts';
import { Network } from './network.ts';
import {
  blackout,
  burstLoss,
  corrupt,
  delay,
  duplicate,
  jitter,
  lose,
  loss,
  mtu,
  reorder,
} from './wire-elements.ts';

const atUs = (arrivals: readonly Arrival[]): number[] => arrivals.map((arrival) => arrival.atUs);

test('a delay moves every datagram by exactly itself', () => {
  const { arrivals } = new Arrivals([delay(20_000)]).send(3, 1000, 10);
  expect(atUs(arrivals)).toEqual([20_000, 21_000, 22_000]);
});

test('jitter adds at most itself and lets nothing overtake', () => {
  const { arrivals } = new Arrivals([delay(5_000), jitter(8_000)]).send(1000, 100, 10);
  expect(arrivals.map(({ index }) => index)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  const added = arrivals.map((arrival) => arrival.atUs - arrival.index * 100 - 5_000);
  expect(Math.min(...added)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...added)).toBeLessThanOrEqual(8_000);
  expect(Math.max(...added)).toBeGreaterThan(7_500);
});

test('independent loss of 10 % loses 10 % within four standard deviations', () => {
  const { arrivals, counters } = new Arrivals([loss(0.1)]).send(10_000, 10, 10);
  expect(counters.lostCount).toBe(10_000 - arrivals.length);
  expect(Math.abs(counters.lostCount - 1000)).toBeLessThan(4 * 30);
});

test('burst loss of p = 1 % and r = 25 % loses 3.8 % in runs of four', () => {
  const element = burstLoss({ p: 0.01, r: 0.25, lossInBad: 1, lossInGood: 0 });
  const { arrivals } = new Arrivals([element]).send(100_000, 10, 10);
  const lostCount = 100_000 - arrivals.length;
  const runCount = arrivals.filter(({ index }, at) => index > (arrivals[at - 1]?.index ?? -1) + 1);
  expect(lostCount / 100_000).toBeCloseTo(0.01 / 0.26, 2);
  expect(lostCount / runCount.length).toBeCloseTo(4, 0);
});

test('burst loss loses in its good state too, as often as it is told', () => {
  const element = burstLoss({ p: 0, r: 1, lossInBad: 1, lossInGood: 0.05 });
  const { counters } = new Arrivals([element]).send(10_000, 10, 10);
  // Four standard deviations of a count of 500 with p = 0.05.
  expect(Math.abs(counters.lostCount - 500)).toBeLessThan(4 * 21.8);
});

test('a reordered datagram comes later by at most the extra delay, the others on time', () => {
  const { arrivals, counters } = new Arrivals([reorder(0.1, 5_000)]).send(1000, 1000, 10);
  const late = arrivals.filter((arrival) => arrival.atUs > arrival.index * 1000);
  expect(late.length).toBe(counters.reorderedCount);
  expect(late.length).toBeGreaterThan(60);
  expect(Math.max(...late.map((a) => a.atUs - a.index * 1000))).toBeLessThanOrEqual(5_000);
  expect(atUs(arrivals)).toEqual(atUs(arrivals).sort((a, b) => a - b));
  expect(arrivals.some(({ index }, at) => index < (arrivals[at - 1]?.index ?? 0))).toBe(true);
});

test('a duplicate is the same bytes once more', () => {
  const { arrivals, counters } = new Arrivals([duplicate(1, 500)]).send(20, 1000, 40);
  expect(counters.duplicatedCount).toBe(20);
  for (let index = 0; index < 20; index++) {
    const copies = arrivals.filter((arrival) => arrival.index === index);
    expect(copies.length).toBe(2);
    expect(copies[0]!.bytes).toEqual(copies[1]!.bytes);
  }
});

function flippedBits(one: Uint8Array, other: Uint8Array): number {
  let flipped = 0;
  for (const [at, byte] of one.entries()) {
    for (let bits = byte ^ other[at]!; bits > 0; bits >>= 1) flipped += bits & 1;
  }
  return flipped;
}

test('corruption flips one to four bits, each as often, and never none', () => {
  // Four bytes, so that the same bit would often be drawn twice.
  const path = new Arrivals([corrupt(1)]).send(4000, 10, 4);
  const counts = [0, 0, 0, 0, 0];
  for (const [index, { bytes }] of path.arrivals.entries()) {
    counts[flippedBits(bytes, path.datagram(index, 4))]!++;
  }
  expect(path.counters.corruptedCount).toBe(4000);
  expect(counts[0]).toBe(0);
  // Four standard deviations of a count of 1,000 with p = 0.25.
  for (const count of counts.slice(1)) expect(Math.abs(count - 1000)).toBeLessThan(4 * 27.4);
});

test('corruption spares the other copy of a duplicate', () => {
  // Under 256 datagrams any two differ in all their bytes, so that a damaged one is still known.
  const path = new Arrivals([duplicate(1), corrupt(0.5)]).send(200, 10, 40);
  let alone = 0;
  for (let index = 0; index < 200; index++) {
    const original = path.datagram(index, 40);
    const copies = path.arrivals.filter(({ bytes }) => flippedBits(bytes, original) <= 4);
    const damaged = copies.filter(({ bytes }) => flippedBits(bytes, original) > 0);
    expect(copies.length).toBe(2);
    if (damaged.length === 1) alone++;
  }
  // Four standard deviations of a count of 100 with p = 0.5.
  expect(Math.abs(alone - 100)).toBeLessThan(4 * 7.1);
});

test('a blackout swallows its interval, the first microsecond and not the last', () => {
  const { arrivals } = new Arrivals([blackout([2_000, 4_000], [6_000, 7_000])]).send(9, 1000, 10);
  expect(arrivals.map(({ index }) => index)).toEqual([0, 1, 4, 5, 7, 8]);
});

test('a blackout counts where the datagram is then, not when it was sent', () => {
  const { arrivals } = new Arrivals([delay(500), blackout([1_000, 2_000])]).send(3, 1000, 10);
  expect(arrivals.map(({ index }) => index)).toEqual([0, 2]);
});

test('an MTU counts 28 bytes of headers', () => {
  expect(new Arrivals([mtu(1228)]).send(1, 0, 1200).arrivals.length).toBe(1);
  expect(new Arrivals([mtu(1228)]).send(1, 0, 1201).arrivals.length).toBe(0);
});

test('a predicate loses exactly what it names', () => {
  const { arrivals } = new Arrivals([lose((_datagram, count) => count === 1)]).send(3, 10, 10);
  expect(arrivals.map(({ index }) => index)).toEqual([0, 2]);
});

test('an element that draws does not move the draws of another', () => {
  const alone = new Arrivals([loss(0.3)]).send(500, 10, 10);
  const beside = new Arrivals([corrupt(0.5), jitter(100), loss(0.3)]).send(500, 10, 10);
  expect(beside.counters.lostCount).toBe(alone.counters.lostCount);
});

test('two elements of one kind on one way draw each for itself', () => {
  // Each adds 0 or 1 us. If both drew the same, a datagram would be late by 0 or 2, never by 1.
  const { arrivals } = new Arrivals([reorder(0.5, 1), reorder(0.5, 1)]).send(1000, 10, 10);
  const counts = [0, 0, 0];
  for (const { index, atUs } of arrivals) counts[atUs - 10 * index]!++;
  // Four standard deviations of a count of 500 with p = 0.5.
  expect(Math.abs(counts[1]! - 500)).toBeLessThan(4 * 15.9);
});

test('the two directions of a path draw each for itself', () => {
  const network = new Network({ seed: 1 });
  const [a, b] = [network.add('a', new Silent()), network.add('b', new Silent())];
  const links = [network.connect(a, b, [loss(0.5)]), network.connect(b, a, [loss(0.5)])];
  const losses = links.map((link) => {
    const lost: boolean[] = [];
    for (let nth = 0; nth < 64; nth++) {
      const before = link.counters.lostCount;
      link.send(new Uint8Array(10), 10, 0);
      lost.push(link.counters.lostCount > before);
    }
    return lost;
  });
  expect(losses[0]).not.toEqual(losses[1]);
});
