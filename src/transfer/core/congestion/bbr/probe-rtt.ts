import { PROBE_RTT_DURATION_US } from './constants.ts';

/**
 * How far a ProbeRTT has come: the queue drains until the flight is small, then 200 ms and at least a
 * round go by. Keeps the window that is restored afterwards.
 */
export class ProbeRtt {
  #savedWindowBytes = 0;
  #endUs: number | undefined;
  #hasRound = false;

  begin(windowBytes: number): void {
    this.save(windowBytes);
    this.#endUs = undefined;
    this.#hasRound = false;
  }

  /** What the window was before something held it down for a while. */
  save(windowBytes: number): void {
    this.#savedWindowBytes = Math.max(this.#savedWindowBytes, windowBytes);
  }

  takeSaved(): number {
    const saved = this.#savedWindowBytes;
    this.#savedWindowBytes = 0;
    return saved;
  }

  /** Whether the flight has yet to become small. */
  get isDraining(): boolean {
    return this.#endUs === undefined;
  }

  /** The flight is small: the time counts from here. */
  onDrained(nowUs: number): void {
    this.#endUs = nowUs + PROBE_RTT_DURATION_US;
    this.#hasRound = false;
  }

  onRound(): void {
    this.#hasRound = true;
  }

  isOver(nowUs: number): boolean {
    return this.#endUs !== undefined && this.#hasRound && nowUs > this.#endUs;
  }
}
