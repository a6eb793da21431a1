import assert from 'node:assert/strict';
import type { Random } from './random.ts';

/** When a driver may act: the event loop of a process, as far as the engine feels it. */
export interface LoopSpec {
  /** Time from one tick to the next, drawn uniformly from [least, most]; default no ticks. */
  readonly tickUs?: readonly [leastUs: number, mostUs: number];
  /** Ticks hold up timers only, as those of Node do; default false: datagrams wait for a tick too. */
  readonly isWokenByDatagrams?: boolean;
  readonly stalls?: StallSpec;
  /** What the kernel keeps for the socket meanwhile; default no limit. */
  readonly receiveBufferBytes?: number;
}

/** Times in which nothing runs: a collection of garbage, a busy machine, somebody else's code. */
export interface StallSpec {
  /** Mean time from the end of one to the beginning of the next, which is drawn exponentially. */
  readonly everyUs: number;
  /** How long one lasts, drawn uniformly. */
  readonly leastUs: number;
  readonly mostUs: number;
}

/** What a turn of the loop is wanted for. */
export type TurnCause = 'datagram' | 'timer';

/**
 * The turns of one event loop. Nothing is planned: whoever has something to do at an instant asks when
 * the loop will get to it, and the instants asked for never go back.
 */
export class EventLoop {
  readonly #spec: LoopSpec;
  readonly #random: Random;
  /** The first tick that is not over. */
  #tickAtUs: number;
  #stallFromUs: number = Infinity;
  #stallToUs: number = Infinity;

  constructor(spec: LoopSpec, random: Random) {
    this.#spec = spec;
    this.#random = random;
    this.#tickAtUs = spec.tickUs === undefined ? 0 : random.integer(0, spec.tickUs[1]);
    if (spec.stalls !== undefined) this.#drawStall(0);
  }

  /**
   * The first turn at or after `nowUs`, as far as can be said now: `nowUs` itself where the loop is
   * awake. A stall may begin before a later one, so it is to be asked again then.
   */
  turnAtUs(nowUs: number, cause: TurnCause): number {
    while (this.#stallToUs <= nowUs) this.#drawStall(this.#stallToUs);
    if (nowUs >= this.#stallFromUs) {
      // All that came meanwhile is dealt with as soon as it is over.
      this.#tickAtUs = this.#stallToUs;
      return this.#stallToUs;
    }
    const { tickUs, isWokenByDatagrams = false } = this.#spec;
    if (tickUs === undefined || (cause === 'datagram' && isWokenByDatagrams)) return nowUs;
    const [leastUs, mostUs] = tickUs;
    while (this.#tickAtUs < nowUs) this.#tickAtUs += this.#random.integer(leastUs, mostUs);
    return this.#tickAtUs;
  }

  #drawStall(fromUs: number): void {
    const { everyUs, leastUs, mostUs } = this.#spec.stalls!;
    assert(leastUs > 0 && mostUs >= leastUs, 'a stall lasts');
    const gapUs = Math.ceil(-Math.log(1 - this.#random.next()) * everyUs);
    this.#stallFromUs = fromUs + 1 + gapUs;
    this.#stallToUs = this.#stallFromUs + this.#random.integer(leastUs, mostUs);
  }
}
