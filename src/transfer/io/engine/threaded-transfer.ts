import { EventEmitter } from 'node:events';
import { Outcome } from '../../files/outcome.ts';
import { TransferError } from '../../files/transfer-error.ts';
import type { TransferProgress, TransferResult, TransferState } from '../../files/transfer.ts';
import { fromPortableError, type PortableOutcome, type Standing } from './engine-messages.ts';
import type { Transfer, TransferEvents } from '../transfer-endpoint.ts';

/** What a transfer is from its start. */
export type TransferIdentity = Pick<Transfer, 'id' | 'direction' | 'peer' | 'name'>;

/** A transfer of the engine's thread, as far as its caller has been told. */
export class ThreadedTransfer extends EventEmitter<TransferEvents> implements Transfer {
  readonly id: number;
  readonly direction: 'send' | 'receive';
  readonly peer: string;
  readonly name: string;
  readonly #cancel: () => void;
  readonly #outcome: Outcome = new Outcome();
  #state: TransferState = 'waiting';
  #progress: TransferProgress = NO_PROGRESS;
  #cancelReason: unknown;
  #isOver = false;
  /** Loops over its progress that wait for more. */
  readonly #waiting: Set<() => void> = new Set();

  constructor({ id, direction, peer, name }: TransferIdentity, cancel: () => void) {
    super();
    this.id = id;
    this.direction = direction;
    this.peer = peer;
    this.name = name;
    this.#cancel = cancel;
  }

  get state(): TransferState {
    return this.#state;
  }

  get progress(): TransferProgress {
    return this.#progress;
  }

  get done(): Promise<TransferResult> {
    return this.#outcome.done;
  }

  cancel(reason?: unknown): void {
    if (this.#isOver) return;
    this.#cancelReason ??= reason;
    this.#cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TransferProgress, void, undefined> {
    let told: TransferProgress = NO_PROGRESS;
    for (;;) {
      if (this.#progress !== told) {
        told = this.#progress;
        yield told;
      } else if (this.#isOver) {
        break;
      } else {
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    }
    await this.done;
  }

  stand({ state, progress }: Standing): void {
    this.#setState(state);
    if (isSameProgress(progress, this.#progress)) return;
    this.#progress = progress;
    this.emit('progress', progress);
    this.#wake();
  }

  end(outcome: PortableOutcome): void {
    if ('error' in outcome) {
      this.fail(fromPortableError(outcome.error));
      return;
    }
    this.#isOver = true;
    this.#outcome.resolve(outcome.result);
    this.#wake();
    this.emit('done', outcome.result);
  }

  fail(error: TransferError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const failure = this.#withReason(error);
    this.#outcome.reject(failure);
    this.#wake();
    this.#setState('failed');
    this.emit('failed', failure);
  }

  /** What the caller gave as the reason stays in the caller's thread. */
  #withReason(error: TransferError): TransferError {
    if (error.code !== 'cancelled' || this.#cancelReason === undefined) return error;
    return new TransferError('cancelled', error.message, { cause: this.#cancelReason });
  }

  #setState(state: TransferState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.emit('state', state);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

const NO_PROGRESS: TransferProgress = {
  transferredBytes: 0,
  totalBytes: 0,
  bytesPerSec: 0,
  stalledMs: 0,
};

function isSameProgress(one: TransferProgress, other: TransferProgress): boolean {
  return (
    one.transferredBytes === other.transferredBytes &&
    one.totalBytes === other.totalBytes &&
    one.bytesPerSec === other.bytesPerSec &&
    one.stalledMs === other.stalledMs &&
    one.stallReason === other.stallReason &&
    one.pauseReason === other.pauseReason
  );
}
