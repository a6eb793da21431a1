import { MAX_RENO_ROUNDS, PROBE_WAIT_BASE_US, PROBE_WAIT_SPREAD_US } from './constants.ts';

/**
 * When to probe for bandwidth again: after 2 to 3 s drawn at random, or earlier, after as many rounds as
 * a Reno flow of this size needs to grow by what it lost, so that such a flow beside us keeps its share.
 */
export class ProbeClock {
  readonly #random: () => number;
  #waitUs = PROBE_WAIT_BASE_US;
  #startedAtUs = 0;
  #roundCount = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  restart(nowUs: number): void {
    this.#startedAtUs = nowUs;
    this.#roundCount = Math.floor(this.#random() * 2);
    this.#waitUs = PROBE_WAIT_BASE_US + this.#random() * PROBE_WAIT_SPREAD_US;
  }

  onRound(): void {
    this.#roundCount++;
  }

  isProbeTime(targetInflightPackets: number, nowUs: number): boolean {
    if (nowUs - this.#startedAtUs >= this.#waitUs) return true;
    return this.#roundCount >= Math.min(targetInflightPackets, MAX_RENO_ROUNDS);
  }
}
