import { EXTRA_ACKED_ROUNDS } from './constants.ts';

/**
 * How much more is acknowledged at once than the bandwidth explains: receivers and links gather ACKs,
 * and the window must cover what waits meanwhile ("extra_acked").
 */
export class AckAggregation {
  #startUs = 0;
  #deliveredBytes = 0;
  #presentMax = 0;
  #previousMax = 0;
  #spanStartRound = 0;

  /** The largest excess of the last rounds, bytes. */
  get extraBytes(): number {
    return Math.max(this.#presentMax, this.#previousMax);
  }

  /** Sending begins anew after silence. */
  restart(nowUs: number): void {
    this.#startUs = nowUs;
    this.#deliveredBytes = 0;
  }

  onAcked(
    newlyAckedBytes: number,
    bytesPerSec: number,
    windowBytes: number,
    round: number,
    isFullBw: boolean,
    nowUs: number,
  ): void {
    const expected = (bytesPerSec * (nowUs - this.#startUs)) / 1e6;
    if (this.#deliveredBytes <= expected) {
      this.restart(nowUs);
      this.#deliveredBytes = newlyAckedBytes;
      this.#remember(Math.min(newlyAckedBytes, windowBytes), round, isFullBw);
      return;
    }
    this.#deliveredBytes += newlyAckedBytes;
    const excess = Math.min(this.#deliveredBytes - expected, windowBytes);
    this.#remember(excess, round, isFullBw);
  }

  #remember(bytes: number, round: number, isFullBw: boolean): void {
    // In Startup the rate grows so fast that old excesses mean nothing.
    const span = isFullBw ? EXTRA_ACKED_ROUNDS / 2 : 1;
    if (round - this.#spanStartRound >= span) {
      this.#previousMax = isFullBw ? this.#presentMax : 0;
      this.#presentMax = 0;
      this.#spanStartRound = round;
    }
    if (bytes > this.#presentMax) this.#presentMax = bytes;
  }
}
