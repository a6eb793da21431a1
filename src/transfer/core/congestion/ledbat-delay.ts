/** Samples of which the least is the present delay: one delayed ACK is no queue (RFC 6817 §2.4.2). */
const CURRENT_SAMPLES = 4;
/** The base is the least of this many minutes, so that a longer route is noticed (RFC 6817 §2.4.2). */
const BASE_MINUTES = 10;
const MINUTE_US = 60_000_000;

/** How long packets wait in queues: the present RTT less the least of the last ten minutes. */
export class LedbatDelay {
  readonly #current: number[] = [];
  /** The least of each of the last minutes, the present one last. */
  readonly #minutes: number[] = [];
  #minuteStartUs = 0;

  get hasSample(): boolean {
    return this.#current.length > 0;
  }

  /** RTT of the path without queues; Infinity before the first sample. */
  get baseUs(): number {
    return Math.min(...this.#minutes);
  }

  /** To be asked after the first sample. */
  get queueUs(): number {
    return Math.min(...this.#current) - this.baseUs;
  }

  /** Of the latest samples. */
  get highestQueueUs(): number {
    return Math.max(...this.#current) - this.baseUs;
  }

  onSample(rttUs: number, nowUs: number): void {
    this.#current.push(rttUs);
    if (this.#current.length > CURRENT_SAMPLES) this.#current.shift();
    if (this.#minutes.length === 0 || nowUs - this.#minuteStartUs >= MINUTE_US) {
      this.#minuteStartUs = nowUs;
      this.#minutes.push(rttUs);
      if (this.#minutes.length > BASE_MINUTES) this.#minutes.shift();
    }
    const last = this.#minutes.length - 1;
    this.#minutes[last] = Math.min(this.#minutes[last]!, rttUs);
  }
}
