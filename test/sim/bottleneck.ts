import assert from 'node:assert/strict';
import type { EventHeap, SimEvent } from './event-heap.ts';
import { type ElementSpec, type Flight, GONE, IP_UDP_BYTES } from './link.ts';
import { RateTrace, type Steps } from './rate-trace.ts';
import { Fate } from './trace.ts';

/** Sums of fractions of a microsecond may err by this. */
const ROUNDING_US = 1e-3;

/** What waits before a serialiser, and who must not wait: the seam for active queue management. */
export interface QueueDiscipline {
  /** IP bytes that wait. */
  readonly queuedBytes: number;
  /** False when there is no room: the bottleneck drops it. */
  enqueue(flight: Flight, nowUs: number): boolean;
  /** The next to be serialised; one it drops by itself goes to `drop`. */
  dequeue(nowUs: number, drop: (flight: Flight) => void): Flight | undefined;
}

/** How much may wait; by default no limit of that kind. */
export interface QueueLimits {
  /** IP bytes; the packet being serialised is not counted. */
  readonly queueBytes?: number;
  /** Packets, as most routers count; the one being serialised is not counted. */
  readonly queuePackets?: number;
}

/** First in, first out; what would exceed a limit is dropped as it comes. */
export class DropTail implements QueueDiscipline {
  readonly #limitBytes: number;
  readonly #limitPackets: number;
  #flights: Flight[] = [];
  #head = 0;
  #queuedBytes = 0;

  constructor({ queueBytes = Infinity, queuePackets = Infinity }: QueueLimits) {
    assert(Math.min(queueBytes, queuePackets) < Infinity, 'a queue has a limit');
    this.#limitBytes = queueBytes;
    this.#limitPackets = queuePackets;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  enqueue(flight: Flight): boolean {
    const bytes = flight.lengthBytes + IP_UDP_BYTES;
    if (this.#queuedBytes + bytes > this.#limitBytes) return false;
    if (this.#flights.length - this.#head >= this.#limitPackets) return false;
    this.#queuedBytes += bytes;
    this.#flights.push(flight);
    return true;
  }

  dequeue(): Flight | undefined {
    const flight = this.#flights[this.#head];
    if (flight === undefined) return undefined;
    this.#head++;
    this.#queuedBytes -= flight.lengthBytes + IP_UDP_BYTES;
    if (this.#head > 1024 && 2 * this.#head > this.#flights.length) {
      this.#flights = this.#flights.slice(this.#head);
      this.#head = 0;
    }
    return flight;
  }
}

/** The limits are those of the default drop-tail queue; a discipline has its own. */
export interface BottleneckOptions extends QueueLimits {
  /** Counted on IP packets: datagram + 28 bytes. One for all time, or steps. */
  readonly rateBitsPerSec: number | Steps;
  readonly discipline?: QueueDiscipline;
}

/**
 * A queue and a serialiser, which several links may share: `through()` makes it an element of each.
 *
 * The serialiser's end is kept as a fraction of a microsecond, so that rounding never changes the
 * rate; datagrams leave at the next whole one.
 */
export class Bottleneck implements SimEvent {
  atUs = 0;
  order = 0;
  readonly #queue: QueueDiscipline;
  readonly #rate: RateTrace;
  #serialised: Flight | undefined;
  #endsAtUs = 0;
  #heap: EventHeap | undefined;

  constructor({ rateBitsPerSec, discipline, ...limits }: BottleneckOptions) {
    this.#rate = new RateTrace(
      typeof rateBitsPerSec === 'number' ? [[0, rateBitsPerSec]] : rateBitsPerSec,
    );
    this.#queue = discipline ?? new DropTail(limits);
  }

  get queuedBytes(): number {
    return this.#queue.queuedBytes;
  }

  through(): ElementSpec {
    return {
      kind: 'bottleneck',
      build: (link) => {
        const { heap } = link.host;
        assert(
          this.#heap === undefined || this.#heap === heap,
          'links that share are of one network',
        );
        this.#heap = heap;
        return { isQueue: true, pass: (flight, atUs) => this.#take(flight, atUs) };
      },
    };
  }

  /** The serialiser is done with one. */
  fire(nowUs: number): void {
    const flight = this.#serialised!;
    const queueDelayUs = nowUs - flight.queuedAtUs;
    const { counters } = flight.link;
    counters.queuedCount++;
    counters.queueDelaySumUs += queueDelayUs;
    if (queueDelayUs > counters.maxQueueDelayUs) counters.maxQueueDelayUs = queueDelayUs;
    this.#serialised = this.#queue.dequeue(nowUs, (dropped) => {
      dropped.link.drop(dropped, Fate.queueDrop, nowUs);
    });
    if (this.#serialised !== undefined) this.#serialise(this.#serialised, this.#endsAtUs);
    flight.link.resume(flight, nowUs);
  }

  #take(flight: Flight, nowUs: number): number {
    flight.queuedAtUs = nowUs;
    if (this.#serialised === undefined) {
      this.#serialised = flight;
      this.#serialise(flight, nowUs);
    } else if (!this.#queue.enqueue(flight, nowUs)) {
      flight.link.drop(flight, Fate.queueDrop, nowUs);
    }
    return GONE;
  }

  #serialise(flight: Flight, fromUs: number): void {
    this.#endsAtUs = this.#rate.endUs(fromUs, flight.lengthBytes + IP_UDP_BYTES);
    this.#heap!.push(this, Math.ceil(this.#endsAtUs - ROUNDING_US));
  }
}

/** A bottleneck of one link alone. */
export function bottleneck(rateBitsPerSec: number | Steps, queueBytes: number): ElementSpec {
  return {
    kind: 'bottleneck',
    build: (link, random) =>
      new Bottleneck({ rateBitsPerSec, queueBytes }).through().build(link, random),
  };
}
