/**
 * Lets `burst` tokens pass at once and `perSecond` in the long run. Either taking is never refused:
 * it says how long to wait, and the caller stops reading meanwhile. Or it is refused.
 */
export class TokenBucket {
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #refilledAtMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#tokens = burst;
    this.#refilledAtMs = nowMs;
  }

  /** Takes `count` tokens if they are there now. */
  tryTake(count: number, nowMs: number): boolean {
    const refilled = this.#tokens + (nowMs - this.#refilledAtMs) * this.#perMs;
    if (Math.min(this.#burst, refilled) < count) return false;
    this.takeMs(count, nowMs);
    return true;
  }

  /** Takes `count` tokens, if need be from the future; returns how many ms to wait before going on. */
  takeMs(count: number, nowMs: number): number {
    const refilled = this.#tokens + (nowMs - this.#refilledAtMs) * this.#perMs;
    this.#tokens = Math.min(this.#burst, refilled) - count;
    this.#refilledAtMs = nowMs;
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs);
  }
}
