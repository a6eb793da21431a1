import { Outcome } from '../files/outcome.ts';
import type { TransferError } from '../files/transfer-error.ts';
import type {
  Transfer,
  TransferProgress,
  TransferResult,
  TransferState,
} from '../files/transfer.ts';
import { fromPortableError, type PortableOutcome, type Standing } from './engine-messages.ts';

/** What a transfer is from its start. */
export type TransferIdentity = Pick<Transfer, 'id' | 'direction' | 'peer' | 'name'>;

/** A transfer of the engine's thread, as far as its caller has been told. */
export class ThreadedTransfer implements Transfer {
  readonly id: number;
  readonly direction: 'send' | 'receive';
  readonly peer: string;
  readonly name: string;
  readonly #cancel: () => void;
  readonly #outcome: Outcome = new Outcome();
  #state: TransferState = 'waiting';
  #progress: TransferProgress = NO_PROGRESS;

  constructor({ id, direction, peer, name }: TransferIdentity, cancel: () => void) {
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

  cancel(): void {
    this.#cancel();
  }

  stand({ state, progress }: Standing): void {
    this.#state = state;
    this.#progress = progress;
  }

  end(outcome: PortableOutcome): void {
    if ('result' in outcome) this.#outcome.resolve(outcome.result);
    else this.fail(fromPortableError(outcome.error));
  }

  fail(error: TransferError): void {
    this.#state = 'failed';
    this.#outcome.reject(error);
  }
}

const NO_PROGRESS: TransferProgress = {
  transferredBytes: 0,
  totalBytes: 0,
  bytesPerSec: 0,
  stalledMs: 0,
};
