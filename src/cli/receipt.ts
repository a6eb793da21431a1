import { appendFileSync, closeSync, openSync } from 'node:fs';
import { jsonLine } from '../text/json-line.ts';
import { type Transfer, TransferError, type TransferResult } from '../transfer/index.ts';

/** Writes of each transfer that was delivered one line of JSON: who, what, SHA-256, size, times, loss. */
export class Receipts {
  readonly #path: string | undefined;

  /** Begins the file anew; throws a `TransferError` when it cannot be written. */
  constructor(path: string | undefined) {
    this.#path = path;
    if (path === undefined) return;
    try {
      closeSync(openSync(path, 'w'));
    } catch (cause) {
      throw unwritten(path, cause);
    }
  }

  /** Throws a `TransferError` when that fails: the transfer itself was delivered. */
  write({ direction, peer }: Transfer, result: TransferResult, startedAt: Date): void {
    if (this.#path === undefined) return;
    const receipt = {
      v: 1,
      direction,
      peer,
      startedAt: startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      elapsedMs: result.elapsedMs,
      bytes: result.totalBytes,
      files: result.fileCount,
      items: result.items,
      failedCount: result.failedCount,
      failures: result.failures,
      loss: {
        packetsLost: result.packetsLostCount,
        retransmittedBytes: result.retransmittedBytes,
      },
    };
    try {
      appendFileSync(this.#path, `${jsonLine(receipt)}\n`);
    } catch (cause) {
      throw unwritten(this.#path, cause);
    }
  }
}

function unwritten(path: string, cause: unknown): TransferError {
  const reason = (cause as Error).message;
  return new TransferError('local-file', `the receipt ${path} cannot be written: ${reason}`, {
    cause,
  });
}
