/**
 * The highest delivery rate of the present probing cycle and of the one before (MaxBwFilterLen 2), in
 * bytes per second.
 */
export class BandwidthFilter {
  #present = 0;
  #previous = 0;

  get max(): number {
    return Math.max(this.#present, this.#previous);
  }

  onSample(bytesPerSec: number): void {
    if (bytesPerSec > this.#present) this.#present = bytesPerSec;
  }

  /** The path is another: only this rate is known of it. */
  restart(bytesPerSec: number): void {
    this.#present = bytesPerSec;
    this.#previous = 0;
  }

  /** A probing cycle is over: what it found counts for one more. */
  advance(): void {
    // A cycle without samples says nothing: the filter never empties.
    if (this.#present === 0) return;
    this.#previous = this.#present;
    this.#present = 0;
  }
}
