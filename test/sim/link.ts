import assert from 'node:assert/strict';
import type { EventHeap, SimEvent } from './event-heap.ts';
import type { Random } from './random.ts';
import { Fate, type Trace } from './trace.ts';

/** What a datagram costs a link beside its bytes: IPv4 and UDP headers. */
export const IP_UDP_BYTES = 28;
/** `LinkElement.pass`: the element has dropped the datagram, or holds it and will resume it. */
export const GONE = -1;
/** Largest UDP payload over IPv4. */
export const MAX_DATAGRAM_BYTES = 65_507;

/** A datagram on its way; pooled by its link. */
export class Flight implements SimEvent {
  atUs = 0;
  order = 0;
  bytes: Uint8Array;
  lengthBytes = 0;
  /** The element that it enters next. */
  stage = 0;
  /** When it entered a queue. */
  queuedAtUs = 0;
  readonly link: Link;

  constructor(link: Link, bytes: Uint8Array) {
    this.link = link;
    this.bytes = bytes;
  }

  fire(nowUs: number): void {
    this.link.resume(this, nowUs);
  }
}

/** One thing that a link does to datagrams. */
export interface LinkElement {
  /** Asked only when a datagram is really there, because it depends on what others do meanwhile. */
  readonly isQueue?: boolean;
  /** A datagram enters; returns when it leaves, or GONE. */
  pass(flight: Flight, atUs: number): number;
}

/** How to make an element for a link. `kind` names its stream of random numbers. */
export interface ElementSpec {
  readonly kind: string;
  build(link: Link, random: Random): LinkElement;
}

/** Counters of one direction; bytes are UDP payload. */
export interface LinkCounters {
  sentCount: number;
  sentBytes: number;
  deliveredCount: number;
  deliveredBytes: number;
  /** By any loss on the wire: chance, burst, blackout, MTU. */
  lostCount: number;
  queueDropCount: number;
  duplicatedCount: number;
  corruptedCount: number;
  reorderedCount: number;
  /** Datagrams that left a queue, and how long they had waited and been serialised. */
  queuedCount: number;
  queueDelaySumUs: number;
  maxQueueDelayUs: number;
}

/** What a link needs of its network. */
export interface LinkHost {
  readonly heap: EventHeap;
  readonly trace: Trace;
  readonly random: Random;
}

/**
 * One direction between two nodes: a chain of elements that each datagram passes in order.
 *
 * Elements that only depend on the datagram and its time are asked ahead of time, so that a datagram
 * costs one event for each queue and one for its arrival. Every datagram sent or duplicated is
 * delivered, lost, dropped or still on its way.
 */
export class Link {
  readonly name: string;
  readonly host: LinkHost;
  readonly counters: LinkCounters = {
    sentCount: 0,
    sentBytes: 0,
    deliveredCount: 0,
    deliveredBytes: 0,
    lostCount: 0,
    queueDropCount: 0,
    duplicatedCount: 0,
    corruptedCount: 0,
    reorderedCount: 0,
    queuedCount: 0,
    queueDelaySumUs: 0,
    maxQueueDelayUs: 0,
  };
  readonly #elements: readonly LinkElement[];
  readonly #deliver: (flight: Flight) => void;
  readonly #direction: number;
  readonly #idle: Flight[] = [];
  #flyingCount = 0;

  constructor(
    name: string,
    specs: readonly ElementSpec[],
    host: LinkHost,
    deliver: (flight: Flight) => void,
  ) {
    this.name = name;
    this.host = host;
    this.#deliver = deliver;
    this.#direction = host.trace.addDirection(name);
    const built = new Map<string, number>();
    this.#elements = specs.map((spec) => {
      const nth = built.get(spec.kind) ?? 0;
      built.set(spec.kind, nth + 1);
      return spec.build(this, host.random.split(`${name}/${spec.kind}/${nth}`));
    });
  }

  /** Datagrams on their way. */
  get flyingCount(): number {
    return this.#flyingCount;
  }

  get meanQueueDelayUs(): number {
    const { queuedCount, queueDelaySumUs } = this.counters;
    return queuedCount === 0 ? 0 : queueDelaySumUs / queuedCount;
  }

  /** Copies a datagram onto the link. */
  send(bytes: Uint8Array, lengthBytes: number, nowUs: number): void {
    this.counters.sentCount++;
    this.counters.sentBytes += lengthBytes;
    const flight = this.#take(bytes, lengthBytes);
    this.note(flight, Fate.sent, nowUs);
    this.#advance(flight, nowUs, nowUs);
  }

  /** A flight goes on: into its next element, or to the node at the end. */
  resume(flight: Flight, nowUs: number): void {
    if (flight.stage < this.#elements.length) {
      this.#advance(flight, nowUs, nowUs);
      return;
    }
    this.counters.deliveredCount++;
    this.counters.deliveredBytes += flight.lengthBytes;
    this.note(flight, Fate.delivered, nowUs);
    this.#deliver(flight);
    this.#release(flight);
  }

  /** A second one like `flight`, which enters the element after the present one at `atUs`. */
  duplicate(flight: Flight, atUs: number): void {
    this.counters.duplicatedCount++;
    const copy = this.#take(flight.bytes, flight.lengthBytes);
    copy.stage = flight.stage;
    this.note(copy, Fate.duplicated, atUs);
    this.host.heap.push(copy, atUs);
  }

  drop(flight: Flight, fate: Fate, atUs: number): number {
    if (fate === Fate.queueDrop) this.counters.queueDropCount++;
    else this.counters.lostCount++;
    this.note(flight, fate, atUs);
    this.#release(flight);
    return GONE;
  }

  note(flight: Flight, fate: Fate, atUs: number): void {
    this.host.trace.record(atUs, this.#direction, flight.bytes, flight.lengthBytes, fate);
  }

  #advance(flight: Flight, fromUs: number, nowUs: number): void {
    let atUs = fromUs;
    while (flight.stage < this.#elements.length) {
      const element = this.#elements[flight.stage]!;
      if (element.isQueue === true && atUs > nowUs) break;
      flight.stage++;
      const leavesAtUs = element.pass(flight, atUs);
      if (leavesAtUs === GONE) return;
      assert(leavesAtUs >= atUs, 'nothing leaves before it came');
      atUs = leavesAtUs;
    }
    this.host.heap.push(flight, atUs);
  }

  #take(bytes: Uint8Array, lengthBytes: number): Flight {
    assert(lengthBytes > 0 && lengthBytes <= MAX_DATAGRAM_BYTES, 'a datagram fits UDP');
    const flight = this.#idle.pop() ?? new Flight(this, new Uint8Array(bufferBytes(lengthBytes)));
    if (flight.bytes.length < lengthBytes) flight.bytes = new Uint8Array(bufferBytes(lengthBytes));
    flight.bytes.set(lengthBytes === bytes.length ? bytes : bytes.subarray(0, lengthBytes));
    flight.lengthBytes = lengthBytes;
    flight.stage = 0;
    this.#flyingCount++;
    return flight;
  }

  #release(flight: Flight): void {
    this.#flyingCount--;
    this.#idle.push(flight);
  }
}

/** ACKs share their buffers with full packets of the usual size. */
function bufferBytes(lengthBytes: number): number {
  return Math.max(lengthBytes, 1500);
}
