import type { Transport } from '../../src/transfer/core/index.ts';
import type { LoopSpec } from './event-loop.ts';
import type { ElementSpec, Link, LinkCounters } from './link.ts';
import { Network, type SimNode } from './network.ts';

export interface Arrival {
  /** Which datagram; of a corrupted one by its place in the order of sending. */
  readonly index: number;
  readonly atUs: number;
  readonly bytes: Uint8Array;
}

export interface ArrivalsOptions {
  readonly seed?: number;
  /** Of the one who hears; default it hears at once. */
  readonly loop?: LoopSpec;
}

/** Two nodes without a protocol, to see what a link does to datagrams. */
export class Arrivals {
  readonly arrivals: Arrival[] = [];
  readonly network: Network;
  readonly #link: Link;
  readonly receiver: SimNode<Silent>;
  readonly #from: SimNode<Silent>;
  readonly #toSend: Uint8Array[] = [];
  #sentCount = 0;

  constructor(elements: readonly ElementSpec[], { seed = 1, loop }: ArrivalsOptions = {}) {
    this.network = new Network({ seed });
    this.#from = this.network.add('from', new Silent());
    const to = this.network.add('to', new Silent(), loop);
    this.receiver = to;
    this.#link = this.network.connect(this.#from, to, elements);
    let nextIndex = 0;
    this.#from.transport.pollTransmit = (transmit) => {
      const datagram = this.#toSend[nextIndex];
      if (datagram === undefined) return false;
      nextIndex++;
      transmit.buffer.set(datagram);
      transmit.length = datagram.length;
      transmit.to = to.address;
      return true;
    };
    to.transport.handleDatagram = (datagram, _from, nowUs) => {
      const bytes = datagram.slice();
      const index = new DataView(bytes.buffer).getUint32(0);
      this.arrivals.push({ index, atUs: nowUs, bytes });
    };
  }

  get counters(): LinkCounters {
    return this.#link.counters;
  }

  get meanQueueDelayUs(): number {
    return this.#link.meanQueueDelayUs;
  }

  /** Sends `count` datagrams of at least four bytes, one every `intervalUs` from now on, and lets all of them arrive. */
  send(count: number, intervalUs: number, lengthBytes: number): this {
    const fromUs = this.network.nowUs;
    for (let nth = 0; nth < count; nth++) {
      const index = this.#sentCount++;
      this.network.at(fromUs + nth * intervalUs, this.#from, () => {
        this.#toSend.push(this.datagram(index, lengthBytes));
      });
    }
    this.network.runUntil(fromUs + count * intervalUs + 10_000_000);
    return this;
  }

  /** The index in four bytes, then bytes that depend on it. */
  datagram(index: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes).fill(index);
    new DataView(bytes.buffer).setUint32(0, index);
    return bytes;
  }
}

/** A transport that sends nothing, wants nothing and hears nothing, until a test says otherwise. */
export class Silent implements Transport {
  handleDatagram: Transport['handleDatagram'] = () => undefined;
  handleTimeout: Transport['handleTimeout'] = () => undefined;
  pollTransmit: Transport['pollTransmit'] = () => false;
  nextTimeoutUs: Transport['nextTimeoutUs'] = () => Infinity;
  pollEvent: Transport['pollEvent'] = () => undefined;
}
