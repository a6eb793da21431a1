import { LossBaseline } from './loss-baseline.ts';

/** RTT that a probe may reach, as factor on the lowest and in addition (ours). */
const RTT_GAIN = 1.25;
const RTT_SLACK_US = 2_000;
/** Bandwidth that is found by one probe only where the path has changed, as factor on what was known (ours). */
const LEAP_GAIN = 1.5;
/** Bandwidth that is no noise, as factor on what was known (ours). */
const FOUND_GAIN = 1.1;

/** One probe for more bandwidth, the state Up: which packets were its own, and what it did to the RTT. */
export class UpProbe {
  #fromUs = Infinity;
  #toUs = -Infinity;
  #isFromEmptyQueue = false;
  #knownBytesPerSec = Infinity;

  begin(
    path: { readonly rttUs: number; readonly minRttUs: number; readonly bytesPerSec: number },
    nowUs: number,
  ): void {
    const { rttUs, minRttUs, bytesPerSec } = path;
    this.#knownBytesPerSec = bytesPerSec;
    this.#fromUs = nowUs;
    this.#toUs = Infinity;
    this.#isFromEmptyQueue = LossBaseline.isQueueEmpty(rttUs, minRttUs);
  }

  end(nowUs: number): void {
    this.#toUs = nowUs;
  }

  /** Whether a packet that was sent then belongs to the probe. */
  sent(atUs: number): boolean {
    return atUs >= this.#fromUs && atUs <= this.#toUs;
  }

  /**
   * Ours: a probe that began without a queue has built a quarter of a path's worth of it, so there is
   * no more bandwidth to find. Where others keep the queue, the draft's three rounds without growth
   * decide. A CUBIC flow beside us keeps 0.35 of the link at 0.5 BDP instead of 0.25.
   */
  hasBuiltQueue(rttUs: number, minRttUs: number): boolean {
    return this.#isFromEmptyQueue && rttUs > RTT_GAIN * minRttUs + RTT_SLACK_US;
  }

  /** There is more than was known. */
  hasFound(bytesPerSec: number): boolean {
    return bytesPerSec > FOUND_GAIN * this.#knownBytesPerSec;
  }

  /** There is much more than was known: the path has changed, and a quarter a round finds it slowly. */
  hasLeapt(bytesPerSec: number): boolean {
    return bytesPerSec > LEAP_GAIN * this.#knownBytesPerSec;
  }
}
