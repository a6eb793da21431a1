/** Length of a window: four of the lowest RTT, and at least this. */
const WINDOW_RTTS = 4;
const MIN_WINDOW_US = 100_000;
/** Windows in a row that must say the same. */
const MIN_WINDOWS = 2;
/** RTT that is another path's: above so many of the lowest, and this. */
const RTT_GAIN = 2;
const RTT_SLACK_US = 10_000;
/** Part of the bandwidth that is another path's. */
const RATE_SHARE = 0.5;

/** What a model says of the path. */
export interface KnownPath {
  readonly bytesPerSec: number;
  readonly minRttUs: number;
}

/** What is seen of a path that the model does not describe. */
export interface SeenPath {
  /** Delivered in the latest window. */
  readonly bytesPerSec: number;
  /** Undefined where a queue is part of every RTT. */
  readonly minRttUs: number | undefined;
}

/** What one ACK says of the path. */
export interface PathSample {
  readonly nowUs: number;
  readonly newlyAckedBytes: number;
  readonly latestRttUs: number | undefined;
  readonly isAppLimited: boolean;
}

/**
 * Notices that the model describes a path that is gone: every RTT is twice the lowest known and less
 * than half of the bandwidth known is delivered, for eight RTTs or so. Either the rate fell and the
 * queue is full, or the way became longer and the window is too small for it; the RTT of a longer way
 * comes in one step from one ACK to the next, which no queue does.
 *
 * Ours. The filters of the draft forget after 2 cycles (bandwidth) and 10 s (RTT): 100 Mbit/s that became
 * 5 were flooded for seconds, and 20 ms that became 300 left a seventh of the link for ten.
 */
export class PathChange {
  #windowFromUs = 0;
  #ackedBytes = 0;
  #lowestRttUs = Infinity;
  #windowCount = 0;
  #lastRttUs = Infinity;
  #isStep = false;

  onAcked(sample: PathSample, known: KnownPath): SeenPath | undefined {
    const { nowUs, latestRttUs } = sample;
    this.#ackedBytes += sample.newlyAckedBytes;
    if (latestRttUs !== undefined) this.#onRtt(latestRttUs, known.minRttUs);
    if (sample.isAppLimited) this.restart(nowUs);
    const windowUs = nowUs - this.#windowFromUs;
    if (windowUs < Math.max(MIN_WINDOW_US, WINDOW_RTTS * known.minRttUs)) return undefined;
    const bytesPerSec = (this.#ackedBytes * 1e6) / windowUs;
    const minRttUs = this.#lowestRttUs;
    const isFar = minRttUs !== Infinity && minRttUs > farUs(known.minRttUs);
    const isOther = isFar && bytesPerSec < RATE_SHARE * known.bytesPerSec;
    this.#windowCount = isOther ? this.#windowCount + 1 : 0;
    this.#beginWindow(nowUs);
    if (this.#windowCount < MIN_WINDOWS) return undefined;
    return { bytesPerSec, minRttUs: this.#isStep ? minRttUs : undefined };
  }

  /** Looks again from now on. */
  restart(nowUs: number): void {
    this.#beginWindow(nowUs);
    this.#windowCount = 0;
    this.#lastRttUs = Infinity;
    this.#isStep = false;
  }

  #beginWindow(nowUs: number): void {
    this.#windowFromUs = nowUs;
    this.#ackedBytes = 0;
    this.#lowestRttUs = Infinity;
  }

  #onRtt(rttUs: number, minRttUs: number): void {
    if (rttUs <= farUs(minRttUs)) this.#isStep = false;
    else if (rttUs - this.#lastRttUs > farUs(minRttUs) - minRttUs) this.#isStep = true;
    this.#lastRttUs = rttUs;
    this.#lowestRttUs = Math.min(this.#lowestRttUs, rttUs);
  }
}

function farUs(minRttUs: number): number {
  return RTT_GAIN * minRttUs + RTT_SLACK_US;
}
