import { MIN_RTT_FILTER_US, PROBE_RTT_INTERVAL_US } from './constants.ts';

/**
 * How far above the lowest an RTT shows that the queue was empty by itself. Ours: the draft wants one
 * as low as the lowest, which timers and kernels add tens of microseconds to, so that a path without
 * a queue was still probed every 5 s: 2 % of a transfer of 6 s. Put off for ever, flows that share a
 * queue would not see it empty together, and their shares differ more.
 */
const SIMILAR_RTT_GAIN = 1 + 1 / 32;

/**
 * The lowest RTT of the last 10 s, and when it is time to empty the queue to measure it again: after
 * 5 s without a sample about as low as the lowest since, or 10 s without one as low.
 */
export class MinRtt {
  /** Infinity before the first sample. */
  valueUs: number = Infinity;
  #valueAtUs = 0;
  #probeUs = Infinity;
  #probeAtUs = 0;
  #similarAtUs = 0;
  /** No sample as low came for the interval: a probe is due. */
  isProbeDue = false;

  onSample(rttUs: number, nowUs: number): void {
    const isLong = nowUs > this.#similarAtUs + PROBE_RTT_INTERVAL_US;
    this.isProbeDue =
      this.#probeUs !== Infinity && (isLong || nowUs > this.#probeAtUs + MIN_RTT_FILTER_US);
    if (rttUs <= this.#probeUs || this.isProbeDue) {
      this.#probeUs = rttUs;
      this.#probeAtUs = nowUs;
    }
    if (rttUs <= SIMILAR_RTT_GAIN * this.#probeUs) this.#similarAtUs = nowUs;
    const isOld = nowUs > this.#valueAtUs + MIN_RTT_FILTER_US;
    if (this.#probeUs <= this.valueUs || isOld) {
      this.valueUs = this.#probeUs;
      this.#valueAtUs = this.#probeAtUs;
    }
  }

  /** The path is another: this is the lowest RTT, or the next sample where nothing is known. */
  restart(rttUs: number, nowUs: number): void {
    this.valueUs = rttUs;
    this.#valueAtUs = nowUs;
    this.#probeUs = rttUs;
    this.onProbed(nowUs);
  }

  /** The probe is over: the next one is an interval away. */
  onProbed(nowUs: number): void {
    this.#probeAtUs = nowUs;
    this.#similarAtUs = nowUs;
    this.isProbeDue = false;
  }
}
