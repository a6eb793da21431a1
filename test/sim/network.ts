import assert from 'node:assert/strict';
import {
  Endpoint,
  type EndpointConfig,
  type PeerAddress,
  type Transmit,
  type Transport,
  type TransportEvent,
} from '../../src/transfer/core/index.ts';
import { EndpointWatch } from './endpoint-watch.ts';
import { EventHeap, type SimEvent } from './event-heap.ts';
import { EventLoop, type LoopSpec } from './event-loop.ts';
import { type ElementSpec, type Flight, Link, MAX_DATAGRAM_BYTES } from './link.ts';
import type { Observer } from './observer.ts';
import { Random } from './random.ts';
import { SocketBuffer } from './socket-buffer.ts';
import { Fate, Trace } from './trace.ts';

/** Virtual time after which a run that is not done has failed: an hour. */
export const MAX_VIRTUAL_US = 3_600_000_000;
/** Datagrams, timers and application turns after which a run that is not done has failed. */
export const MAX_EVENTS = 50_000_000;
/** Turns of one node at one instant: more is a node that never comes to rest. */
export const MAX_TURNS_AT_ONCE = 100_000;
/** What a datagram's bytes become once they are no longer the node's. */
const POISON = 0xdb;
const SIM_PORT = 7000;
/** What the pacer counts with where timers are fine. */
const FINE_TICK_US = 500;
/** Stands in `Transmit.to` until the transport names somebody. */
const NOBODY: PeerAddress = { address: '', port: 0 };

export interface NetworkOptions {
  /** u32. All randomness comes from it. */
  readonly seed: number;
  /** Hash the trace, so that `digest()` works. Default false. */
  readonly isHashed?: boolean;
  /** Overwrite lent and delivered bytes after each call. Default true. */
  readonly isPoisoned?: boolean;
  /** Watches over what every endpoint sends, takes in and keeps. Default: nobody does. */
  readonly watch?: { readonly standstillUs: number };
  readonly maxVirtualUs?: number;
  readonly maxEvents?: number;
}

/** A run that broke a rule of the simulator, or did not end; the message holds seed and trace. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError';
}

/** Somebody with an address: a transport and the application that hears its events. */
export class SimNode<T extends Transport = Transport> {
  readonly name: string;
  /** Changed by `Network.move`. */
  address: PeerAddress;
  readonly transport: T;
  /** Hears each event; may command the transport, which is drained again afterwards. */
  application: (event: TransportEvent, nowUs: number) => void = () => undefined;
  observer: Observer | undefined;
  /** When the transport or its socket wants a turn. Owned by the network. */
  timeoutUs: number = Infinity;
  /** Whether it must be drained before time goes on. Owned by the network. */
  isDirty = true;
  readonly links: Map<string, Link> = new Map();
  lastTo: PeerAddress | undefined;
  lastLink: Link | undefined;
  /** When it may act; undefined: as soon as there is something to do. */
  readonly loop: EventLoop | undefined;
  /** What waits for the next turn of the loop. */
  readonly socket: SocketBuffer;

  constructor(name: string, transport: T, loop?: EventLoop, receiveBufferBytes?: number) {
    this.name = name;
    this.address = { address: name, port: SIM_PORT };
    this.transport = transport;
    this.loop = loop;
    this.socket = new SocketBuffer(receiveBufferBytes);
  }
}

/** Something the application wants to do later, once its node has a turn. */
class Call implements SimEvent {
  atUs = 0;
  order = 0;
  readonly #heap: EventHeap;
  readonly #node: SimNode;
  readonly #act: (nowUs: number) => void;

  constructor(heap: EventHeap, node: SimNode, act: (nowUs: number) => void) {
    this.#heap = heap;
    this.#node = node;
    this.#act = act;
  }

  fire(nowUs: number): void {
    const turnAtUs = this.#node.loop?.turnAtUs(nowUs, 'timer') ?? nowUs;
    if (turnAtUs > nowUs) {
      this.#heap.push(this, turnAtUs);
      return;
    }
    this.#node.isDirty = true;
    this.#act(nowUs);
  }
}

/**
 * Nodes and the links between them, in virtual microseconds.
 *
 * At each instant all that is due happens first, in the order in which it was scheduled; then every
 * node that heard something is drained as `Transport` asks: datagrams, events, the application's
 * turn, until quiet, then its next timeout. Time jumps to the next thing that happens.
 */
export class Network {
  readonly heap: EventHeap = new EventHeap();
  readonly trace: Trace;
  readonly random: Random;
  readonly seed: number;
  /** Datagrams to an address that no link leads to. */
  unroutableCount = 0;
  readonly #nodes: SimNode[] = [];
  readonly #transmit: Transmit = {
    buffer: new Uint8Array(MAX_DATAGRAM_BYTES),
    length: 0,
    to: NOBODY,
  };
  readonly #isPoisoned: boolean;
  readonly #watch: NetworkOptions['watch'];
  readonly #watched: Endpoint[] = [];
  readonly #maxVirtualUs: number;
  readonly #maxEvents: number;
  readonly #nowhere: number;
  #nowUs = 0;
  #eventCount = 0;

  constructor(options: NetworkOptions) {
    this.seed = options.seed;
    this.random = new Random(options.seed);
    this.trace = new Trace(options.isHashed ?? false);
    this.#isPoisoned = options.isPoisoned ?? true;
    this.#watch = options.watch;
    this.#maxVirtualUs = options.maxVirtualUs ?? MAX_VIRTUAL_US;
    this.#maxEvents = options.maxEvents ?? MAX_EVENTS;
    this.#nowhere = this.trace.addDirection('nowhere');
  }

  get nowUs(): number {
    return this.#nowUs;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  add<T extends Transport>(name: string, transport: T, spec?: LoopSpec): SimNode<T> {
    const loop = spec && new EventLoop(spec, this.random.split(`loop/${name}`));
    const node = new SimNode(name, transport, loop, spec?.receiveBufferBytes);
    this.#nodes.push(node);
    return node;
  }

  /**
   * A node with the real core; its randomness is a stream of this network's. It is told what a driver
   * tells of its loop: how coarse its timers are, and the receive buffer.
   */
  addEndpoint(
    name: string,
    config: Partial<EndpointConfig> = {},
    spec?: LoopSpec,
  ): SimNode<Endpoint> {
    const random = this.random.split(`endpoint/${name}`);
    const told: Partial<EndpointConfig> = {
      ...(spec?.tickUs === undefined
        ? {}
        : { timers: { tickUs: spec.tickUs[1], sleepsBelowBytesPerSec: 0 } }),
      ...(spec?.receiveBufferBytes === undefined
        ? {}
        : { receiveBufferBytes: spec.receiveBufferBytes }),
    };
    const endpoint = new Endpoint({
      random: () => random.next(),
      controller: 'cubic',
      ...told,
      ...config,
    });
    const node = this.add(name, endpoint, spec);
    const { tickUs } = { ...told, ...config }.timers ?? { tickUs: FINE_TICK_US };
    if (this.#watch !== undefined) {
      this.#watched.push(endpoint);
      node.observer = new EndpointWatch(endpoint, {
        tickUs: Math.max(tickUs, FINE_TICK_US),
        standstillUs: this.#watch.standstillUs,
        endpoints: this.#watched,
      });
    }
    return node;
  }

  /** One direction; its elements are passed in this order. */
  connect(from: SimNode, to: SimNode, elements: readonly ElementSpec[]): Link {
    const source = from.address;
    const name = `${source.address}>${to.address.address}`;
    const link = new Link(name, elements, this, (flight) => {
      this.#deliver(flight, source, to);
    });
    from.links.set(keyOf(to.address), link);
    from.lastTo = undefined;
    return link;
  }

  /**
   * From now on the node has this address, and needs new links. What is sent to its old one still
   * arrives where `isOldHeard`, as through a NAT that remembers; else it is unroutable. What is on its
   * way arrives in any case.
   */
  move(node: SimNode, address: string, isOldHeard = false): void {
    for (const other of this.#nodes) {
      if (!isOldHeard) other.links.delete(keyOf(node.address));
      other.lastTo = undefined;
    }
    node.links.clear();
    node.lastTo = undefined;
    node.address = { address, port: SIM_PORT };
  }

  /** Lets `act` command a node at an instant; the node is drained afterwards. */
  at(atUs: number, node: SimNode, act: (nowUs: number) => void): void {
    this.heap.push(new Call(this.heap, node, act), Math.max(atUs, this.#nowUs));
  }

  /** Runs until `isDone`; idleness before that, or a limit, is a failure. */
  run(isDone: () => boolean): void {
    this.traced(() => {
      this.#drainAll();
      while (!isDone()) {
        if (!this.#step()) this.fail('idle, and not done');
      }
    });
  }

  /** Runs to an instant, whatever happens or does not. */
  runUntil(untilUs: number): void {
    assert(Number.isSafeInteger(untilUs), 'virtual time is whole microseconds');
    this.traced(() => {
      this.#drainAll();
      while (this.#nextUs() <= untilUs) this.#step();
      this.#nowUs = Math.max(this.#nowUs, untilUs);
    });
  }

  /**
   * Whatever the body throws, a failed expectation of a test included, comes out with the seed and
   * the last lines of the trace, and the error itself as the cause.
   */
  traced<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (error instanceof SimulationError) throw error;
      this.fail(error instanceof Error ? error.message : 'something else was thrown', error);
    }
  }

  fail(what: string, cause?: unknown): never {
    const context = `seed ${this.seed}, ${this.#nowUs} us, ${this.#eventCount} events`;
    throw new SimulationError(`${what} (${context})\n${this.trace.text}`, { cause });
  }

  #nextUs(): number {
    let next = this.heap.nextAtUs;
    for (const node of this.#nodes) if (node.timeoutUs < next) next = node.timeoutUs;
    return next;
  }

  /** Goes to the next instant; false when there is none. */
  #step(): boolean {
    const nextUs = this.#nextUs();
    if (nextUs === Infinity) return false;
    if (nextUs < this.#nowUs) this.fail('time went back');
    if (nextUs > this.#maxVirtualUs) this.fail('too much virtual time');
    this.#nowUs = nextUs;
    this.#happen();
    return true;
  }

  #happen(): void {
    const nowUs = this.#nowUs;
    while (this.heap.nextAtUs === nowUs) {
      this.#count();
      this.heap.pop()!.fire(nowUs);
    }
    for (const node of this.#nodes) {
      if (node.timeoutUs > nowUs) continue;
      this.#count();
      this.#wake(node);
    }
    this.#drainAll();
  }

  /** Something is due: a timer, or what waits in the socket, which is read first. */
  #wake(node: SimNode): void {
    const { transport, loop } = node;
    const nowUs = this.#nowUs;
    const turnAtUs = loop?.turnAtUs(nowUs, node.socket.isEmpty ? 'timer' : 'datagram') ?? nowUs;
    if (turnAtUs > nowUs) {
      node.timeoutUs = turnAtUs;
      return;
    }
    for (const { bytes, from } of node.socket.takeAll()) this.#hand(node, bytes, from);
    if (transport.nextTimeoutUs() <= nowUs) transport.handleTimeout(nowUs);
    node.isDirty = true;
  }

  #drainAll(): void {
    for (const node of this.#nodes) if (node.isDirty) this.#drain(node);
  }

  /** The contract of `Transport`, to the letter. */
  #drain(node: SimNode): void {
    const { transport } = node;
    const nowUs = this.#nowUs;
    assert(node.socket.isEmpty, 'a turn begins with what waits in the socket');
    for (let turns = 0; ; turns++) {
      if (turns > MAX_TURNS_AT_ONCE) this.fail(`${node.name} does not come to rest`);
      this.#drainTransmits(node);
      let hasActed = false;
      for (let event = transport.pollEvent(); event !== undefined; event = transport.pollEvent()) {
        hasActed = true;
        this.#count();
        node.application(event, nowUs);
      }
      if (hasActed) continue;
      node.timeoutUs = Math.ceil(transport.nextTimeoutUs());
      if (Number.isNaN(node.timeoutUs)) this.fail(`${node.name} does not know its next timeout`);
      if (node.timeoutUs > nowUs) break;
      this.#count();
      transport.handleTimeout(nowUs);
    }
    node.observer?.onRest(nowUs);
    node.isDirty = false;
  }

  #drainTransmits(node: SimNode): void {
    const transmit = this.#transmit;
    const nowUs = this.#nowUs;
    for (;;) {
      // What the last call left here must not stand in for what this one forgets.
      transmit.length = 0;
      transmit.to = NOBODY;
      if (!node.transport.pollTransmit(transmit, nowUs)) return;
      this.#count();
      const { buffer, length, to } = transmit;
      node.observer?.onSent(buffer.subarray(0, length), to, nowUs);
      if (to !== node.lastTo) {
        node.lastTo = to;
        node.lastLink = node.links.get(keyOf(to));
      }
      if (node.lastLink === undefined) {
        this.unroutableCount++;
        this.trace.record(nowUs, this.#nowhere, buffer, length, Fate.unroutable);
      } else {
        node.lastLink.send(buffer, length, nowUs);
      }
      if (this.#isPoisoned) buffer.fill(POISON, 0, length);
    }
  }

  #deliver(flight: Flight, from: PeerAddress, to: SimNode): void {
    const nowUs = this.#nowUs;
    const datagram = flight.bytes.subarray(0, flight.lengthBytes);
    const turnAtUs = to.loop?.turnAtUs(nowUs, 'datagram') ?? nowUs;
    if (turnAtUs === nowUs && to.socket.isEmpty) {
      this.#hand(to, datagram, from);
      return;
    }
    if (to.socket.push(datagram, from)) to.timeoutUs = Math.min(to.timeoutUs, turnAtUs);
    else flight.link.note(flight, Fate.socketDrop, nowUs);
  }

  #hand(to: SimNode, datagram: Uint8Array, from: PeerAddress): void {
    to.transport.handleDatagram(datagram, from, this.#nowUs);
    to.observer?.onHanded(datagram, from, this.#nowUs);
    if (this.#isPoisoned) datagram.fill(POISON);
    to.isDirty = true;
  }

  #count(): void {
    if (++this.#eventCount > this.#maxEvents) this.fail('too many events');
    assert(this.#nowUs >= 0, 'time is not negative');
  }
}

function keyOf({ address, port }: PeerAddress): string {
  return `${address}|${port}`;
}
