import { MAX_RENO_ROUNDS, PROBE_WAIT_BASE_US, PROBE_WAIT_SPREAD_US } from './constants.ts';

/** How long a path that has changed is expected to change again, and how often it is probed then (ours). */
const UNSTEADY_US = 30_000_000;
const UNSTEADY_WAIT_US = 500_000;
/**
 * After a Startup that loss ended: rounds between probes, and how many may find nothing before the wait
 * is the usual one (ours).
 */
const SEARCH_ROUNDS = 4;
const MAX_VAIN_SEARCHES = 3;
/** Factor on the wait after a probe that ended in a short queue (ours). */
const PATIENCE = 2;

/**
 * When to probe for bandwidth again: after 2 to 3 s drawn at random, or earlier, after as many rounds as
 * a Reno flow of this size needs to grow by what it lost, so that such a flow beside us keeps its share.
 */
export class ProbeClock {
  readonly #random: () => number;
  #waitUs = PROBE_WAIT_BASE_US;
  #startedAtUs = 0;
  #roundCount = 0;
  #unsteadyUntilUs = -Infinity;
  #isDue = false;
  #searchesLeft = 0;
  /** Factor on the wait. */
  #patience = 1;

  constructor(random: () => number) {
    this.#random = random;
  }

  restart(nowUs: number): void {
    this.#startedAtUs = nowUs;
    this.#patience = 1;
    this.#roundCount = Math.floor(this.#random() * 2);
    this.#waitUs = PROBE_WAIT_BASE_US + this.#random() * PROBE_WAIT_SPREAD_US;
  }

  /**
   * Startup ended because of loss, not because the rate stopped growing: there may be more. A first probe is
   * due at once; whether it was the path that answered it, or a stall of this process, only the next show.
   */
  search(): void {
    this.#isDue = true;
    this.#searchesLeft = MAX_VAIN_SEARCHES;
  }

  /** A probe is over. */
  onProbed(hasFoundMore: boolean): void {
    if (hasFoundMore && this.#searchesLeft > 0) this.#searchesLeft = MAX_VAIN_SEARCHES;
    else this.#searchesLeft = Math.max(0, this.#searchesLeft - 1);
  }

  /** Others shall have time to grow back: this once the wait is longer (ours). */
  beginPatience(): void {
    this.#patience = PATIENCE;
  }

  onRound(): void {
    this.#roundCount++;
  }

  /** A path whose rate fell may get it back at any time, which only a probe shows. */
  onRateDrop(nowUs: number): void {
    this.#unsteadyUntilUs = nowUs + UNSTEADY_US;
  }

  isProbeTime(targetInflightPackets: number, nowUs: number): boolean {
    if (this.#isDue) {
      this.#isDue = false;
      return true;
    }
    if (this.#searchesLeft > 0 && this.#roundCount >= SEARCH_ROUNDS) return true;
    const waitedUs = nowUs - this.#startedAtUs;
    if (waitedUs >= this.#patience * this.#waitUs) return true;
    if (nowUs < this.#unsteadyUntilUs && waitedUs >= UNSTEADY_WAIT_US) return true;
    return this.#roundCount >= this.#patience * Math.min(targetInflightPackets, MAX_RENO_ROUNDS);
  }
}
