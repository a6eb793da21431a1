/** Weight of one ACK in the mean. */
const WEIGHT = 1 / 32;
/** More than this is taken for a broken path, not for one to be flooded with ACKs. */
const MAX_RATE = 0.75;

/** Which part of the peer's ACKs is lost, from the gaps in `ackSeq`: a moving mean over about 32. */
export class AckLoss {
  #rate = 0;

  /** From 0 to 0.75. */
  get rate(): number {
    return Math.min(this.#rate, MAX_RATE);
  }

  /** An ACK came, the newest so far; `missingCount` before it did not, or not yet. */
  onNewest(missingCount: number): void {
    this.#rate = 1 - (1 - this.#rate) * (1 - WEIGHT) ** missingCount;
    this.#rate *= 1 - WEIGHT;
  }

  /** One that had counted as missing came late. */
  onLate(): void {
    this.#rate = Math.max(0, this.#rate - WEIGHT);
  }
}
