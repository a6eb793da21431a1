import assert from 'node:assert/strict';
import { networkOf } from './network-address.ts';

/** Connections that have not finished their handshake: each holds a descriptor and little more. */
export const MAX_ARRIVALS = 1_024;
/** Of one network, so that a flood from one leaves room for others. */
export const MAX_ARRIVALS_PER_NETWORK = 128;

/** Who has come and not yet shown what they are. A newcomer beyond a limit takes the place of the oldest. */
export class ArrivalTable<Arrival extends { readonly address: string }> {
  readonly #all: Set<Arrival> = new Set();
  readonly #byNetwork: Map<string, Set<Arrival>> = new Map();

  get size(): number {
    return this.#all.size;
  }

  all(): Iterable<Arrival> {
    return this.#all;
  }

  /** Gives the one that had to make room; it is no longer in the table. */
  add(arrival: Arrival): Arrival | undefined {
    assert(!this.#all.has(arrival), 'nobody arrives twice');
    const network = networkOf(arrival.address);
    const neighbours = this.#byNetwork.get(network) ?? new Set();
    let evicted: Arrival | undefined;
    if (neighbours.size >= MAX_ARRIVALS_PER_NETWORK) [evicted] = neighbours;
    else if (this.#all.size >= MAX_ARRIVALS) [evicted] = this.#all;
    if (evicted) this.remove(evicted);
    this.#all.add(arrival);
    neighbours.add(arrival);
    this.#byNetwork.set(network, neighbours);
    return evicted;
  }

  /** False when it was not there. */
  remove(arrival: Arrival): boolean {
    const network = networkOf(arrival.address);
    const neighbours = this.#byNetwork.get(network);
    neighbours?.delete(arrival);
    if (neighbours?.size === 0) this.#byNetwork.delete(network);
    return this.#all.delete(arrival);
  }
}
