import { expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';
import { Bottleneck, bottleneck } from './bottleneck.ts';
import { delay } from './wire-elements.ts';

test('a datagram of 1222 bytes takes 1,000 us at 10 Mbit/s, headers counted', () => {
  const { arrivals } = new Arrivals([bottleneck(10e6, 100_000)]).send(1, 0, 1222);
  expect(arrivals.map(({ atUs }) => atUs)).toEqual([1000]);
});

test('what comes at once leaves one after the other, then over the wire', () => {
  const { arrivals } = new Arrivals([bottleneck(10e6, 100_000), delay(7)]).send(4, 0, 1222);
  expect(arrivals.map(({ atUs }) => atUs)).toEqual([1007, 2007, 3007, 4007]);
});

test('the queue holds its bytes and drops what comes on top; one more is being serialised', () => {
  const path = new Arrivals([bottleneck(10e6, 2500)]).send(5, 0, 1222);
  expect(path.arrivals.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(path.counters.queueDropCount).toBe(2);
  expect(path.counters.maxQueueDelayUs).toBe(3000);
  expect(path.meanQueueDelayUs).toBe(2000);
});

test('a rate that is no whole number of microseconds a datagram is kept over many', () => {
  // 1228 bytes at 1 Gbit/s: 9.824 us.
  const { arrivals } = new Arrivals([bottleneck(1e9, 2e8)]).send(10_000, 0, 1200);
  expect(arrivals.at(-1)!.atUs).toBe(98_240);
});

test('an idle serialiser starts anew with the next datagram', () => {
  const { arrivals } = new Arrivals([bottleneck(10e6, 2500)]).send(3, 5000, 1222);
  expect(arrivals.map(({ atUs }) => atUs)).toEqual([1000, 6000, 11_000]);
});

test('two links through one bottleneck share its rate', () => {
  const shared = new Bottleneck({ rateBitsPerSec: 10e6, queueBytes: 100_000 });
  // The same element twice on one way: each datagram is serialised twice.
  const path = new Arrivals([shared.through(), shared.through()]).send(2, 0, 1222);
  expect(path.arrivals.map(({ atUs }) => atUs)).toEqual([3000, 4000]);
});
