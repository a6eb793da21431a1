import { QUANTUM_US } from './constants.ts';

/** How long the highest RTT counts at least, and at most twice as long: a probe or two. */
const SPAN_US = 5_000_000;
/** RTTs differ by this much without any queue: packets leave in bursts of the pacer. */
const SLACK_US = QUANTUM_US;

/**
 * The highest RTT lately. A short queue that is full adds less to the RTT than a long one that is nearly
 * empty: only beside the most that it ever adds can be told how full a queue is.
 */
export class RttRange {
  #presentUs = 0;
  #lastUs = 0;
  #spanStartUs = -Infinity;

  onSample(rttUs: number, nowUs: number): void {
    if (nowUs - this.#spanStartUs >= SPAN_US) {
      this.#spanStartUs = nowUs;
      this.#lastUs = this.#presentUs;
      this.#presentUs = 0;
    }
    this.#presentUs = Math.max(this.#presentUs, rttUs);
  }

  /** What the queue has added to the RTT at most. */
  spanUs(minRttUs: number): number {
    return Math.max(this.#presentUs, this.#lastUs) - minRttUs;
  }

  /** Whether an RTT lies in this lowest part of the range. */
  isLow(rttUs: number, minRttUs: number, part: number): boolean {
    return rttUs - minRttUs < Math.max(SLACK_US, part * this.spanUs(minRttUs));
  }
}
