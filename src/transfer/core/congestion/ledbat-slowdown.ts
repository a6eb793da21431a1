/** From the end of the first slow start to the first slowdown, and how long one holds still. */
const ROUND_TRIPS = 2;
/** A slowdown begins again after this many times what the last one took with its ramp-up. */
const INTERVAL_FACTOR = 9;

/**
 * When a flow steps back to two packets for two round trips, so that queues empty and all that share
 * them see the base RTT: once after the first slow start, and then for about a tenth of the time.
 *
 * ```
 *   slow start │ 2 RTT │ hold 2 RTT │ ramp up │ 9 × (hold + ramp up) │ hold …
 * ```
 */
export class LedbatSlowdown {
  #nextAtUs = Infinity;
  #startUs = 0;
  #holdEndUs = -Infinity;
  #isRamping = false;
  #isBegun = false;

  isHolding(nowUs: number): boolean {
    return nowUs < this.#holdEndUs;
  }

  isDue(nowUs: number): boolean {
    return nowUs >= this.#nextAtUs;
  }

  /** The window is two packets from now on. */
  begin(rttUs: number, nowUs: number): void {
    this.#nextAtUs = Infinity;
    this.#startUs = nowUs;
    this.#holdEndUs = nowUs + ROUND_TRIPS * rttUs;
    this.#isRamping = true;
  }

  /** Slow start is over: the first one, or the ramp-up of a slowdown. */
  onSlowStartEnd(rttUs: number, nowUs: number): void {
    if (this.#isRamping) {
      this.#nextAtUs = nowUs + INTERVAL_FACTOR * (nowUs - this.#startUs);
    } else if (!this.#isBegun) {
      this.#nextAtUs = nowUs + ROUND_TRIPS * rttUs;
    }
    this.#isBegun = true;
    this.#isRamping = false;
  }
}
