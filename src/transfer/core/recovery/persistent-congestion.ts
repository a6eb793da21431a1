import type { RttEstimator } from './rtt-estimator.ts';

/** Probe timeouts without anything delivered that are persistent congestion (RFC 9002 §7.6.1). */
const THRESHOLD_PTO_COUNT = 3;

/**
 * Notices that a path has carried nothing for long: all packets sent over more than three probe
 * timeouts were lost (RFC 9002 §7.6), whichever connection sent them.
 *
 * Only an acknowledged packet proves that the path carries, so this keeps the last long span of
 * sending times of which nothing was acknowledged, and in it the lost packets sent first and last:
 *
 * ```
 *   acknowledged ─┬───── lost … lost ─────┬─ acknowledged
 *             #fromUs   first … last    #toUs
 * ```
 *
 * Random loss leaves no such span while more than a few packets are in flight: one that arrives in
 * three probe timeouts ends it. Before the first RTT sample nobody knows how long they are, so what
 * was sent then counts for nothing.
 */
export class PersistentCongestion {
  readonly #rtt: RttEstimator;
  readonly #maxAckDelayUs: number;
  #newestAckedUs = -Infinity;
  /** The span; empty while `#toUs` is no later than `#fromUs`. */
  #fromUs = -Infinity;
  #toUs = -Infinity;
  #firstLostUs = Infinity;
  #lastLostUs = -Infinity;

  /** `maxAckDelayUs`: the longest that any connection of the path lets its peer wait. */
  constructor(rtt: RttEstimator, maxAckDelayUs: number) {
    this.#rtt = rtt;
    this.#maxAckDelayUs = maxAckDelayUs;
  }

  /** A packet sent at `sentAtUs` was acknowledged; in any order, before the losses that it reveals. */
  onAcked(sentAtUs: number): void {
    if (sentAtUs > this.#newestAckedUs) {
      if (sentAtUs - this.#newestAckedUs > this.#durationUs) {
        this.#setSpan(this.#newestAckedUs, sentAtUs);
      }
      this.#newestAckedUs = sentAtUs;
    } else if (sentAtUs > this.#fromUs && sentAtUs < this.#toUs) {
      // The path carried this one: at most the longer part of the span was silent.
      if (sentAtUs - this.#fromUs > this.#toUs - sentAtUs) this.#setSpan(this.#fromUs, sentAtUs);
      else this.#setSpan(sentAtUs, this.#toUs);
    }
  }

  /** A packet that asks for an ACK was declared lost; not of path or MTU probing. */
  onLost(sentAtUs: number): void {
    if (sentAtUs < this.#fromUs || sentAtUs > this.#toUs) return;
    if (sentAtUs < this.#rtt.firstSampleAtUs) return;
    this.#firstLostUs = Math.min(this.#firstLostUs, sentAtUs);
    this.#lastLostUs = Math.max(this.#lastLostUs, sentAtUs);
  }

  /** True once for a span, after the losses that an ACK has revealed. */
  take(): boolean {
    if (this.#lastLostUs - this.#firstLostUs <= this.#durationUs) return false;
    this.#setSpan(-Infinity, -Infinity);
    return true;
  }

  get #durationUs(): number {
    return THRESHOLD_PTO_COUNT * this.#rtt.probeTimeoutUs(this.#maxAckDelayUs);
  }

  #setSpan(fromUs: number, toUs: number): void {
    this.#fromUs = fromUs;
    this.#toUs = toUs;
    this.#firstLostUs = Infinity;
    this.#lastLostUs = -Infinity;
  }
}
