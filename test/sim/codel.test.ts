import { expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';
import { Bottleneck } from './bottleneck.ts';
import { CoDel, INTERVAL_US, TARGET_US } from './codel.ts';
import { type ElementSpec, Flight, Link } from './link.ts';
import { Network } from './network.ts';
import { Pair } from './pair.ts';
import { delay } from './wire-elements.ts';

/** One packet takes 1 ms. */
const RATE = 10e6;
const PACKET_US = 1000;
const DATAGRAM_BYTES = 1222;

function codel(limitBytes = 1e9): ElementSpec {
  return new Bottleneck({
    rateBitsPerSec: RATE,
    discipline: new CoDel(limitBytes),
  }).through();
}

/** When each packet that did not arrive would have been taken out, one after another. */
function dropsAtUs(arrivals: Arrivals['arrivals']): number[] {
  const drops: number[] = [];
  let [nextIndex, lastAtUs] = [0, 0];
  for (const { index, atUs } of arrivals) {
    for (; nextIndex < index; nextIndex++) drops.push(lastAtUs);
    [nextIndex, lastAtUs] = [index + 1, atUs];
  }
  return drops;
}

test('a queue of less than 5 ms is left alone for ever', () => {
  const path = new Arrivals([codel()]).send(5, 0, DATAGRAM_BYTES).send(10_000, PACKET_US, 1222);
  expect(path.counters.queueDropCount).toBe(0);
  expect(path.counters.maxQueueDelayUs).toBeLessThanOrEqual(TARGET_US + PACKET_US);
});

test('a burst that is gone within an interval loses nothing', () => {
  const path = new Arrivals([codel()]).send(90, 0, DATAGRAM_BYTES);
  expect(path.counters.queueDropCount).toBe(0);
  expect(path.counters.maxQueueDelayUs).toBe(90 * PACKET_US);
});

test('a standing queue loses one at once after an interval, then the next each interval / sqrt(n)', () => {
  // What comes is a hundredth more than what goes: the queue never falls by the drops alone.
  const path = new Arrivals([codel()]).send(50, 0, DATAGRAM_BYTES).send(700, 900, DATAGRAM_BYTES);
  const drops = dropsAtUs(path.arrivals).slice(0, 12);
  const gaps = drops.slice(1).map((atUs, nth) => atUs - drops[nth]!);
  // Drops happen when a packet is taken out: to the next millisecond, of which the law knows nothing.
  let lawUs = 0;
  let sinceFirstUs = 0;
  for (const [nth, gapUs] of gaps.entries()) {
    lawUs += INTERVAL_US / Math.sqrt(nth + 1);
    sinceFirstUs += gapUs;
    expect(sinceFirstUs - lawUs).toBeGreaterThanOrEqual(0);
    expect(sinceFirstUs - lawUs).toBeLessThan(PACKET_US);
  }
});

test('what does not fit is dropped at the tail too', () => {
  const path = new Arrivals([codel(3 * 1250)]).send(10, 0, DATAGRAM_BYTES);
  expect(path.arrivals.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
});

test('CUBIC holds a queue of some milliseconds where a drop-tail queue would be full', () => {
  const measure = (through: ElementSpec): number => {
    const ways = { forward: [through, delay(20_000)], backward: [delay(20_000)] };
    const pair = new Pair({ seed: 1, config: { controller: 'cubic' }, ...ways });
    pair.transfer({ bytes: 8_000_000 });
    return pair.forward.meanQueueDelayUs;
  };
  const tail = new Bottleneck({ rateBitsPerSec: RATE, queueBytes: 250_000 });
  expect(measure(codel(250_000))).toBeLessThan(15_000);
  expect(measure(tail.through())).toBeGreaterThan(80_000);
});

/** The queue alone, from which one packet a millisecond is taken out. */
class Queue {
  readonly #codel = new CoDel(1e9);
  readonly #link = new Link('a>b', [], new Network({ seed: 1 }), () => undefined);
  #nowUs = 0;

  /** Fills it far, and takes out until so many were dropped; when they were. */
  dropsOf(count: number): number[] {
    for (let nth = 0; nth < 2_000; nth++) {
      const flight = new Flight(this.#link, new Uint8Array(DATAGRAM_BYTES));
      flight.lengthBytes = DATAGRAM_BYTES;
      flight.queuedAtUs = this.#nowUs;
      this.#codel.enqueue(flight);
    }
    const drops: number[] = [];
    while (drops.length < count) this.#takeOut(drops);
    while (this.#codel.queuedBytes > 0) this.#takeOut([]);
    return drops;
  }

  wait(waitUs: number): this {
    this.#takeOut([]);
    this.#nowUs += waitUs;
    return this;
  }

  #takeOut(drops: number[]): void {
    this.#nowUs += PACKET_US;
    this.#codel.dequeue(this.#nowUs, () => drops.push(this.#nowUs));
  }
}

function firstGapUs(drops: readonly number[]): number {
  return drops[1]! - drops[0]!;
}

test('dropping that begins again soon goes on about as fast as it was, later it begins slowly', () => {
  const queue = new Queue();
  const first = queue.dropsOf(2);
  expect(first[0]).toBe(PACKET_US * 5 + INTERVAL_US);
  expect(firstGapUs(first)).toBe(INTERVAL_US);
  // By its end it had dropped far more often: 2 s of an interval that shrinks.
  expect(firstGapUs(queue.wait(0).dropsOf(2))).toBeLessThan(INTERVAL_US / 5);
  expect(firstGapUs(queue.wait(17 * INTERVAL_US).dropsOf(2))).toBe(INTERVAL_US);
});
