import type { Transmit, Transport } from '../../src/transfer/core/index.ts';
import type { ElementSpec, Link, LinkCounters } from './link.ts';
import { Network, type SimNode } from './network.ts';

export interface Arrival {
  /** Which datagram; of a corrupted one by its place in the order of sending. */
  readonly index: number;
  readonly atUs: number;
  readonly bytes: Uint8Array;
}

/** Two nodes without a protocol, to see what a link does to datagrams. */
export class Arrivals {
  readonly arrivals: Arrival[] = [];
  readonly network: Network;
  readonly #link: Link;
  readonly #from: SimNode<Source>;
  #sentCount = 0;

  constructor(elements: readonly ElementSpec[], seed = 1) {
    this.network = new Network({ seed });
    this.#from = this.network.add('from', new Source());
    const to = this.network.add('to', new Sink(this.arrivals));
    this.#link = this.network.connect(this.#from, to, elements);
    this.#from.transport.to = to.address;
  }

  get counters(): LinkCounters {
    return this.#link.counters;
  }

  get meanQueueDelayUs(): number {
    return this.#link.meanQueueDelayUs;
  }

  /** Sends `count` datagrams, one every `intervalUs`, and lets all of them arrive. */
  send(count: number, intervalUs: number, lengthBytes: number): this {
    for (let nth = 0; nth < count; nth++) {
      const index = this.#sentCount++;
      this.network.at(nth * intervalUs, this.#from, () => {
        this.#from.transport.queue.push(this.datagram(index, lengthBytes));
      });
    }
    this.network.runUntil(count * intervalUs + 10_000_000);
    return this;
  }

  /** The index in four bytes, then bytes that depend on it. */
  datagram(index: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes).fill(index);
    new DataView(bytes.buffer).setUint32(0, index);
    return bytes;
  }
}

/** A transport that has neither timers nor news. */
class Quiet {
  handleTimeout(): void {
    throw new Error('no timeout was asked for');
  }

  nextTimeoutUs(): number {
    return Infinity;
  }

  pollEvent(): undefined {
    return undefined;
  }
}

class Source extends Quiet implements Transport {
  readonly queue: Uint8Array[] = [];
  to: Transmit['to'] = { address: '', port: 0 };

  handleDatagram(): void {
    throw new Error('nobody sends here');
  }

  pollTransmit(transmit: Transmit): boolean {
    const datagram = this.queue.shift();
    if (datagram === undefined) return false;
    transmit.buffer.set(datagram);
    transmit.length = datagram.length;
    transmit.to = this.to;
    return true;
  }
}

class Sink extends Quiet implements Transport {
  readonly #arrivals: Arrival[];

  constructor(arrivals: Arrival[]) {
    super();
    this.#arrivals = arrivals;
  }

  handleDatagram(datagram: Uint8Array, _from: unknown, nowUs: number): void {
    const bytes = datagram.slice();
    this.#arrivals.push({ index: new DataView(bytes.buffer).getUint32(0), atUs: nowUs, bytes });
  }

  pollTransmit(): boolean {
    return false;
  }
}
