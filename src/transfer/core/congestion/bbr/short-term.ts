import { BETA } from './constants.ts';

/**
 * Bounds from the latest rounds with too much loss ("bw_shortterm, inflight_shortterm"): they keep a flow
 * from holding a queue full between two probes.
 */
export class ShortTerm {
  bytesPerSec: number = Infinity;
  inflightBytes: number = Infinity;
  #undoBytesPerSec: number = Infinity;
  #undoInflightBytes: number = Infinity;

  reset(): void {
    this.bytesPerSec = Infinity;
    this.inflightBytes = Infinity;
  }

  /** A round lost too much: never below what that round itself delivered. */
  onLossyRound(
    present: { readonly bytesPerSec: number; readonly inflightBytes: number },
    latest: { readonly bytesPerSec: number; readonly inflightBytes: number },
  ): void {
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
