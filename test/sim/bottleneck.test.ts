import { expect, test } from 'vitest';
import { Arrivals, Silent } from './arrivals.ts';
import { Bottleneck, bottleneck, type QueueDiscipline } from './bottleneck.ts';
import type { ElementSpec, Flight, Link } from './link.ts';
import { Network } from './network.ts';
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

test('a bottleneck twice on one way serialises each datagram twice', () => {
  const shared = new Bottleneck({ rateBitsPerSec: 10e6, queueBytes: 100_000 });
  const path = new Arrivals([shared.through(), shared.through()]).send(2, 0, 1222);
  expect(path.arrivals.map(({ atUs }) => atUs)).toEqual([3000, 4000]);
});

/** Two links of two senders; each sends `count` datagrams of 1222 bytes at once, taking turns. */
function sendOnTwoLinks(elements: () => ElementSpec, count: number): Link[] {
  const network = new Network({ seed: 1 });
  const to = network.add('to', new Silent());
  const links = ['one', 'other'].map((name) =>
    network.connect(network.add(name, new Silent()), to, [elements()]),
  );
  for (let nth = 0; nth < count; nth++) {
    for (const link of links) link.send(new Uint8Array(1222), 1222, 0);
  }
  network.runUntil(1_000_000);
  return links;
}

test('two links through one bottleneck share its rate, two bottlenecks do not', () => {
  const shared = new Bottleneck({ rateBitsPerSec: 10e6, queueBytes: 100_000 });
  const slowest = (links: Link[]) => links.map(({ counters }) => counters.maxQueueDelayUs);
  expect(slowest(sendOnTwoLinks(() => shared.through(), 3))).toEqual([5000, 6000]);
  expect(slowest(sendOnTwoLinks(() => bottleneck(10e6, 100_000), 3))).toEqual([3000, 3000]);
});

test('two links through one bottleneck share its queue, and each counts its own drops', () => {
  const shared = new Bottleneck({ rateBitsPerSec: 10e6, queueBytes: 2500 });
  const links = sendOnTwoLinks(() => shared.through(), 3);
  expect(links.map(({ counters }) => counters.deliveredCount)).toEqual([2, 1]);
  expect(links.map(({ counters }) => counters.queueDropCount)).toEqual([1, 2]);
});

test('a bottleneck does not join two networks', () => {
  const shared = new Bottleneck({ rateBitsPerSec: 10e6, queueBytes: 2500 });
  new Arrivals([shared.through()]);
  expect(() => new Arrivals([shared.through()])).toThrow('of one network');
});

test('a queue may be limited in packets, whatever their size', () => {
  for (const lengthBytes of [4, 1222]) {
    const shared = new Bottleneck({ rateBitsPerSec: 10e6, queuePackets: 2 });
    const { arrivals } = new Arrivals([shared.through()]).send(5, 0, lengthBytes);
    expect(arrivals.map(({ index }) => index)).toEqual([0, 1, 2]);
  }
});

test('a queue in packets has room again for each that left', () => {
  const shared = new Bottleneck({ rateBitsPerSec: 10e6, queuePackets: 1 });
  const path = new Arrivals([shared.through()]);
  // Of each two one waits while the other is serialised.
  for (let burst = 0; burst < 10; burst++) path.send(2, 0, 1222);
  expect(path.counters.deliveredCount).toBe(20);
});

test('a queue without any limit is refused', () => {
  expect(() => new Bottleneck({ rateBitsPerSec: 10e6 })).toThrow('a queue has a limit');
});

/** Drops at its head whatever waited longer than 1.5 ms, as active queue management does. */
class HeadDrop implements QueueDiscipline {
  readonly #flights: Flight[] = [];

  get queuedBytes(): number {
    return this.#flights.reduce((sum, { lengthBytes }) => sum + lengthBytes + 28, 0);
  }

  enqueue(flight: Flight): boolean {
    this.#flights.push(flight);
    return true;
  }

  dequeue(nowUs: number, drop: (flight: Flight) => void): Flight | undefined {
    for (;;) {
      const flight = this.#flights.shift();
      if (flight === undefined || nowUs - flight.queuedAtUs <= 1500) return flight;
      drop(flight);
    }
  }
}

test('a discipline may drop what it had taken: counted, and the next goes in its place', () => {
  const discipline = new HeadDrop();
  const shared = new Bottleneck({ rateBitsPerSec: 10e6, discipline });
  const path = new Arrivals([shared.through()]).send(4, 0, 1222);
  expect(path.arrivals.map(({ atUs }) => atUs)).toEqual([1000, 2000]);
  expect(path.counters.queueDropCount).toBe(2);
  expect(shared.queuedBytes).toBe(0);
});
