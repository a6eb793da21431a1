import { networkOf } from './network-address.ts';
import { TokenBucket } from './token-bucket.ts';

/** So many networks are remembered; beyond it the one that asked longest ago is forgotten. */
export const MAX_BUDGETS = 10_000;

/** How much each network may ask for: a token bucket for every one that asked lately. */
export class AddressBudget {
  readonly #burst: number;
  readonly #perSecond: number;
  /** By network, in the order of the last request. */
  readonly #buckets: Map<string, TokenBucket> = new Map();

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one token of the network of `address`; returns how many ms to wait before going on. */
  takeMs(address: string, nowMs: number): number {
    return this.#bucketOf(address, nowMs).takeMs(1, nowMs);
  }

  /** Takes one if it is there now. */
  tryTake(address: string, nowMs: number): boolean {
    return this.#bucketOf(address, nowMs).tryTake(1, nowMs);
  }

  #bucketOf(address: string, nowMs: number): TokenBucket {
    const network = networkOf(address);
    const bucket =
      this.#buckets.get(network) ?? new TokenBucket(this.#burst, this.#perSecond, nowMs);
    this.#buckets.delete(network);
    this.#buckets.set(network, bucket);
    if (this.#buckets.size > MAX_BUDGETS) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return bucket;
  }
}
