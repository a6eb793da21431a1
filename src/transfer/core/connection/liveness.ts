/** A side that has sent nothing that is acknowledged for this long sends PING (DESIGN §3, Alive). */
export const KEEPALIVE_US = 15_000_000;
/** Least time without progress that is called a stall (PRODUCT §4). */
const MIN_STALL_US = 5_000_000;
const STALL_PTO_COUNT = 10;

/** Whether the peer is still there: keepalive, stall and the end for want of any checked packet. */
export class Liveness {
  readonly #idleTimeoutUs: number;
  readonly #startUs: number;
  #checkedAtUs: number;
  #isStalled = false;
  #stallAfterUs = MIN_STALL_US;

  constructor(idleTimeoutUs: number, nowUs: number) {
    this.#idleTimeoutUs = idleTimeoutUs;
    this.#startUs = nowUs;
    this.#checkedAtUs = nowUs;
  }

  /** When the last packet came that passed its check. */
  get checkedAtUs(): number {
    return this.#checkedAtUs;
  }

  nextTimeoutUs(lastSentAtUs: number, isWaiting: boolean): number {
    const vanishedAtUs = this.#checkedAtUs + this.#idleTimeoutUs;
    const pingAtUs = Math.max(lastSentAtUs, this.#startUs) + KEEPALIVE_US;
    const stalledAtUs =
      isWaiting && !this.#isStalled ? this.#checkedAtUs + this.#stallAfterUs : Infinity;
    return Math.min(vanishedAtUs, pingAtUs, stalledAtUs);
  }

  /** A checked packet came; true when that ends a stall. */
  onChecked(nowUs: number): boolean {
    this.#checkedAtUs = nowUs;
    const resumed = this.#isStalled;
    this.#isStalled = false;
    return resumed;
  }

  isVanished(nowUs: number): boolean {
    return nowUs - this.#checkedAtUs >= this.#idleTimeoutUs;
  }

  isPingDue(lastSentAtUs: number, nowUs: number): boolean {
    return nowUs - Math.max(lastSentAtUs, this.#startUs) >= KEEPALIVE_US;
  }

  /** True once a stall begins: something is owed and nothing came for long. */
  isStalledNow(isWaiting: boolean, probeTimeoutUs: number, nowUs: number): boolean {
    this.#stallAfterUs = Math.max(MIN_STALL_US, STALL_PTO_COUNT * probeTimeoutUs);
    if (!isWaiting || this.#isStalled) return false;
    if (nowUs - this.#checkedAtUs < this.#stallAfterUs) return false;
    this.#isStalled = true;
    return true;
  }
}
