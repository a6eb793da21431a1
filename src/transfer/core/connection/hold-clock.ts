import { StateClock } from '../recovery/state-clock.ts';
import type { SendHold } from './connection-stats.ts';
import type { ConnectionTrace } from './connection-trace.ts';
import type { SendStream } from './sending/send-stream.ts';

/**
 * For how long sending was held back, and by what, and tells the trace of every change. A command knows no
 * time: what it changes is noted with the next packet or timeout (`isBehind`).
 */
export class HoldClock {
  readonly #stream: Pick<SendStream, 'hold'>;
  readonly #trace: Pick<ConnectionTrace, 'onHold'> | undefined;
  readonly #clock: StateClock<SendHold>;

  constructor(
    stream: Pick<SendStream, 'hold'>,
    trace: Pick<ConnectionTrace, 'onHold'> | undefined,
    nowUs: number,
  ) {
    this.#stream = stream;
    this.#trace = trace;
    this.#clock = new StateClock<SendHold>('source', nowUs);
  }

  /** As noted last. */
  get state(): SendHold {
    return this.#clock.state;
  }

  /** Something else holds sending back than was noted. */
  get isBehind(): boolean {
    return this.#stream.hold !== this.#clock.state;
  }

  spentUs(hold: SendHold, nowUs: number): number {
    return this.#clock.spentUs(hold, nowUs);
  }

  note(nowUs: number): void {
    const { hold } = this.#stream;
    if (hold === this.#clock.state) return;
    this.#trace?.onHold(hold, nowUs);
    this.#clock.enter(hold, nowUs);
  }
}
