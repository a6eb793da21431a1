import type { TransferError } from './transfer-error.ts';
import type { TransferResult } from './transfer.ts';

/** The promise of how something ended; the first of `resolve` and `reject` counts. */
export class Outcome<Result = TransferResult> {
  readonly done: Promise<Result>;
  #resolve!: (result: Result) => void;
  #reject!: (error: TransferError) => void;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A failure that nobody asks for is not an unhandled one: `state` tells it too.
    this.done.catch(() => undefined);
  }

  resolve(result: Result): void {
    this.#resolve(result);
  }

  reject(error: TransferError): void {
    this.#reject(error);
  }
}
