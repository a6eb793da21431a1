import type { TransportConnection } from '../core/transport.ts';
import { Outcome } from './outcome.ts';
import { ProgressMeter } from './progress-meter.ts';
import type { TransferError } from './transfer-error.ts';
import type { TransferLimit } from './transfer-limit.ts';
import { routeOf } from './transfer-route.ts';
import { TransferTally } from './transfer-tally.ts';
import type { PauseReason, StallReason, TransferProgress, TransferResult } from './transfer.ts';

/** What is told of one transfer, on either side: how far it is, what it has delivered, and how it ended. */
export class TransferAccount {
  readonly tally: TransferTally = new TransferTally();
  readonly meter: ProgressMeter;
  readonly #nowUs: () => number;
  readonly #outcome: Outcome = new Outcome();
  #startedAtUs = 0;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
    this.meter = new ProgressMeter(nowUs);
  }

  get done(): Promise<TransferResult> {
    return this.#outcome.done;
  }

  /** The time that a result tells begins here. */
  begin(): void {
    this.#startedAtUs = this.#nowUs();
  }

  /** What is paused is not stalled too. */
  progress(
    connection: TransportConnection | undefined,
    stallReason: StallReason | undefined,
    pauseReason: PauseReason | undefined,
  ): TransferProgress {
    const route = routeOf(connection);
    if (pauseReason === undefined) return { ...this.meter.snapshot(stallReason), ...route };
    return { ...this.meter.snapshot(undefined), ...route, pauseReason };
  }

  /** As things stand now; `sent`: what this side has sent again and lost. */
  result(
    connection: TransportConnection,
    sent: Pick<TransferResult, 'retransmittedBytes' | 'packetsLostCount'>,
    limit: TransferLimit | undefined,
  ): TransferResult {
    return {
      ...this.tally.result,
      ...(limit && { limit }),
      ...routeOf(connection),
      ...sent,
      elapsedMs: (this.#nowUs() - this.#startedAtUs) / 1_000 - this.meter.waitedMs,
    };
  }

  /** All is over; where nothing at all was delivered, that is a failure. */
  settle(result: TransferResult): void {
    if (this.tally.hasDelivered) this.#outcome.resolve(result);
    else this.#outcome.reject(this.tally.error);
  }

  fail(error: TransferError): void {
    this.#outcome.reject(error);
  }
}
