/** How long a depth is remembered at least, and at most twice as long: some sawteeth of another flow. */
const SPAN_US = 10_000_000;
/** Part of the queue from which a flow gives way; never less than the noise of round trips. */
const TARGET_PART = 1 / 4;
const MIN_TARGET_US = 2_000;

/**
 * What a queue adds to the RTT when it overflows, as losses show it. A queue of less than the draft's
 * 60 ms never reaches them, and the flow would give way to loss alone, as Reno does (ours).
 */
export class LedbatQueueDepth {
  #presentUs = 0;
  #lastUs = 0;
  #spanStartUs = -Infinity;

  onLost(queueUs: number, nowUs: number): void {
    if (nowUs - this.#spanStartUs >= SPAN_US) {
      this.#spanStartUs = nowUs;
      this.#lastUs = this.#presentUs;
      this.#presentUs = 0;
    }
    this.#presentUs = Math.max(this.#presentUs, queueUs);
  }

  /** Delay from which to give way; Infinity before anything was lost. */
  get targetUs(): number {
    const depthUs = Math.max(this.#presentUs, this.#lastUs);
    if (depthUs === 0) return Infinity;
    return Math.max(MIN_TARGET_US, TARGET_PART * depthUs);
  }
}
