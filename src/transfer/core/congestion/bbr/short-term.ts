import { BETA } from './constants.ts';

/** A round that lost too much, for its size. */
interface LossyRound {
  readonly lossRate: number;
  readonly bytes: number;
}

/**
 * Bounds from the latest rounds with too much loss ("bw_shortterm, inflight_shortterm"): they keep a flow
 * from holding a queue full between two probes.
 */
export class ShortTerm {
  bytesPerSec: number = Infinity;
  inflightBytes: number = Infinity;
  #undoBytesPerSec: number = Infinity;
  #undoInflightBytes: number = Infinity;
  /** Of the rounds that lowered the bounds the one that lost most. */
  #worst: LossyRound | undefined;

  reset(): void {
    this.bytesPerSec = Infinity;
    this.inflightBytes = Infinity;
    this.#worst = undefined;
  }

  /**
   * Ours: the path has turned out to lose that much by itself, so those rounds said nothing. Before, a
   * path of 5 % loss was used to a half until the next probe, since the baseline is learned after Startup.
   */
  forgive(threshold: (bytes: number) => number): void {
    if (this.#worst === undefined) return;
    if (this.#worst.lossRate <= threshold(this.#worst.bytes)) this.reset();
  }

  /** A round lost too much: never below what that round itself delivered. */
  onLossyRound(
    present: { readonly bytesPerSec: number; readonly inflightBytes: number },
    latest: { readonly bytesPerSec: number; readonly inflightBytes: number },
    round: LossyRound,
  ): void {
    if (this.#worst === undefined || round.lossRate > this.#worst.lossRate) this.#worst = round;
    this.#undoBytesPerSec = this.bytesPerSec;
    this.#undoInflightBytes = this.inflightBytes;
    const rate = this.bytesPerSec === Infinity ? present.bytesPerSec : this.bytesPerSec;
    const inflight = this.inflightBytes === Infinity ? present.inflightBytes : this.inflightBytes;
    this.bytesPerSec = Math.max(latest.bytesPerSec, BETA * rate);
    this.inflightBytes = Math.max(latest.inflightBytes, BETA * inflight);
  }

  /** The losses were no losses. */
  undo(): void {
    this.bytesPerSec = Math.max(this.bytesPerSec, this.#undoBytesPerSec);
    this.inflightBytes = Math.max(this.inflightBytes, this.#undoInflightBytes);
  }
}
