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
  #isExpecting = false;
  #stallAfterUs = MIN_STALL_US;

  constructor(idleTimeoutUs: number, nowUs: number) {
    this.#idleTimeoutUs = idleTimeoutUs;
    this.#startUs = nowUs;
    this.#checkedAtUs = nowUs;
  }

  /** When the last fresh packet came that passed its check. */
  get checkedAtUs(): number {
    return this.#checkedAtUs;
  }

  /** From now on the peer's silence alone is a stall: it owes something, or may at any time. */
  expectPeer(): void {
    this.#isExpecting = true;
  }

  /** `isWaiting`: an acknowledgement is owed. */
  nextTimeoutUs(lastSentAtUs: number, isWaiting: boolean): number {
    const vanishedAtUs = this.#checkedAtUs + this.#idleTimeoutUs;
    const isStallPending = (isWaiting || this.#isExpecting) && !this.#isStalled;
    const stalledAtUs = isStallPending ? this.#checkedAtUs + this.#stallAfterUs : Infinity;
    return Math.min(vanishedAtUs, this.#pingAtUs(lastSentAtUs, isWaiting), stalledAtUs);
  }

  /** In half the time of a stall a peer that is asked has answered, however often that is repeated. */
  #pingAtUs(lastSentAtUs: number, isWaiting: boolean): number {
    const keepaliveAtUs = Math.max(lastSentAtUs, this.#startUs) + KEEPALIVE_US;
    if (!this.#isExpecting || isWaiting) return keepaliveAtUs;
    return Math.min(keepaliveAtUs, this.#checkedAtUs + this.#stallAfterUs / 2);
  }

  /** A fresh checked packet came; true when that ends a stall. */
  onChecked(nowUs: number): boolean {
    this.#checkedAtUs = nowUs;
    const resumed = this.#isStalled;
    this.#isStalled = false;
    return resumed;
  }

  isVanished(nowUs: number): boolean {
    return nowUs - this.#checkedAtUs >= this.#idleTimeoutUs;
  }

  isPingDue(lastSentAtUs: number, isWaiting: boolean, nowUs: number): boolean {
    return nowUs >= this.#pingAtUs(lastSentAtUs, isWaiting);
  }

  /** True once a stall begins: something is owed or expected and nothing came for long. */
  isStalledNow(isWaiting: boolean, probeTimeoutUs: number, nowUs: number): boolean {
    this.#stallAfterUs = Math.max(MIN_STALL_US, STALL_PTO_COUNT * probeTimeoutUs);
    if (!(isWaiting || this.#isExpecting) || this.#isStalled) return false;
    if (nowUs - this.#checkedAtUs < this.#stallAfterUs) return false;
    this.#isStalled = true;
    return true;
  }
}
