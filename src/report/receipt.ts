import { appendFileSync, closeSync, openSync } from 'node:fs';
import { jsonLine } from '../text/json-line.ts';
import { type Transfer, TransferError, type TransferResult } from '../transfer/index.ts';
import { routeFacts } from './route-facts.ts';

/**
 * Writes of each transfer that is over one line of JSON (docs/receipt.schema.json): who, what, SHA-256,
 * size, times, loss, and what was not delivered, and why.
 */
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

  /** Throws a `TransferError` when that fails: the transfer itself is what it was. */
  write(transfer: Whose, outcome: TransferResult | TransferError, startedAt: Date): void {
    if (this.#path === undefined) return;
    const endedAt = new Date();
    const receipt = {
      v: 1,
      direction: transfer.direction,
      peer: transfer.peer,
      startedAt: startedAt.toISOString(),
      endedAt: endedAt.toISOString(),
      ...(outcome instanceof TransferError
        ? failureOf(transfer, outcome, endedAt.getTime() - startedAt.getTime())
        : resultOf(outcome)),
    };
    try {
      appendFileSync(this.#path, `${jsonLine(receipt)}\n`);
    } catch (cause) {
      throw unwritten(this.#path, cause);
    }
  }
}

/** What a receipt says of a transfer, or of what never became one. */
type Whose = Pick<Transfer, 'direction' | 'peer' | 'name'> & Partial<Pick<Transfer, 'progress'>>;

function resultOf(result: TransferResult): object {
  const { elapsedMs, totalBytes, fileCount, items, failedCount, failures, skippedLinks } = result;
  return {
    elapsedMs,
    bytes: totalBytes,
    files: fileCount,
    items,
    failedCount,
    failures,
    skippedCount: result.skippedCount,
    skippedLinks,
    ...(result.limit && { limitedBy: result.limit }),
    loss: {
      packetsLost: result.packetsLostCount,
      retransmittedBytes: result.retransmittedBytes,
    },
    ...routeFacts(result.route),
  };
}

/** Nothing was delivered; how much was lost on the way is not known then. */
function failureOf(
  { name, progress }: Whose,
  { code, message }: TransferError,
  elapsedMs: number,
): object {
  const failures = [{ name, code, reason: message }];
  const nothing = { bytes: 0, files: 0, items: [], failedCount: 1, failures };
  return { elapsedMs, ...nothing, ...routeFacts(progress?.route) };
}

function unwritten(path: string, cause: unknown): TransferError {
  const reason = (cause as Error).message;
  return new TransferError('local-file', `the receipt ${path} cannot be written: ${reason}`, {
    cause,
  });
}
