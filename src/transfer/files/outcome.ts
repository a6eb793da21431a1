import type { TransferError } from './transfer-error.ts';
import type { TransferResult } from './transfer.ts';

/** The promise of a transfer's end; the first of `resolve` and `reject` counts. */
export class Outcome {
  readonly done: Promise<TransferResult>;
  #resolve!: (result: TransferResult) => void;
  #reject!: (error: TransferError) => void;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A failure that nobody asks for is not an unhandled one: `state` tells it too.
    this.done.catch(() => undefined);
  }

  resolve(result: TransferResult): void {
    this.#resolve(result);
  }

  reject(error: TransferError): void {
    this.#reject(error);
  }
}
