import { FULL_BW_GROWTH, FULL_BW_ROUNDS } from './constants.ts';

/** Notices that the delivery rate has stopped growing: three rounds with less than a quarter more. */
export class FullPipe {
  /** In this phase. */
  isFullNow = false;
  /** Ever. */
  isReached = false;
  #bytesPerSec = 0;
  #roundCount = 0;

  /** The rate has not yet failed to grow. */
  get isGrowing(): boolean {
    return this.#roundCount === 0;
  }

  /** Looks again, from this rate. */
  restart(bytesPerSec: number): void {
    this.isFullNow = false;
    this.#bytesPerSec = bytesPerSec;
    this.#roundCount = 0;
  }

  /** The path is another: nothing was ever reached. */
  forget(): void {
    this.isReached = false;
    this.restart(0);
  }

  onSample(bytesPerSec: number, isRoundStart: boolean): void {
    if (this.isFullNow) return;
    if (bytesPerSec >= this.#bytesPerSec * FULL_BW_GROWTH) {
      this.restart(bytesPerSec);
      return;
    }
    if (!isRoundStart) return;
    this.#roundCount++;
    if (this.#roundCount < FULL_BW_ROUNDS) return;
    this.isFullNow = true;
    this.isReached = true;
  }
}
