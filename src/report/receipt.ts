import {
  appendFileSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
} from 'node:fs';
import { jsonLine } from '../text/json-line.ts';
import { type Transfer, TransferError, type TransferResult } from '../transfer/index.ts';
import { routeFacts } from './route-facts.ts';

/** With this a receipt begins; enough of it to tell one from anything else. */
const RECEIPT_BEGINS = Buffer.from('{"v":1,"direction":');
const { O_CREAT, O_EXCL, O_RDWR } = constants;

/**
 * Writes of each transfer that is over one line of JSON (docs/receipt.schema.json): who, what, SHA-256,
 * size, times, loss, and what was not delivered, and why.
 */
export class Receipts {
  readonly #path: string | undefined;

  /**
   * Begins the file anew; throws a `TransferError` when it cannot be written. Older receipts are replaced;
   * anything else that stands there is not touched: it may be the very file that is to be sent.
   */
  constructor(path: string | undefined) {
    this.#path = path;
    if (path === undefined) return;
    try {
      beginAnew(path);
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

function beginAnew(path: string): void {
  const file = openOrCreate(path);
  try {
    const status = fstatSync(file);
    // A device or a pipe has nothing to lose.
    if (!status.isFile()) return;
    if (status.size > 0 && !holdsReceipt(file)) {
      throw new Error('it exists and is no receipt: name another file');
    }
    ftruncateSync(file, 0);
  } finally {
    closeSync(file);
  }
}

function openOrCreate(path: string): number {
  try {
    return openSync(path, O_RDWR);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw error;
    return openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o666);
  }
}

function holdsReceipt(file: number): boolean {
  const found = Buffer.alloc(RECEIPT_BEGINS.length);
  const length = readSync(file, found, 0, found.length, 0);
  return length === found.length && found.equals(RECEIPT_BEGINS);
}

function unwritten(path: string, cause: unknown): TransferError {
  const reason = (cause as Error).message;
  return new TransferError('local-file', `the receipt ${path} cannot be written: ${reason}`, {
    cause,
  });
}
