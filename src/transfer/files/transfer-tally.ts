import {
  type EntryFailure,
  type ItemResult,
  MAX_LISTED_FAILURES,
  MAX_LISTED_FILES,
  MAX_LISTED_ITEMS,
  type TransferResult,
} from './transfer.ts';
import { TransferError, type TransferErrorCode } from './transfer-error.ts';

/** Counts what a transfer has delivered, and lists what it has not. Its lists are bounded. */
export class TransferTally {
  readonly #items: ItemResult[] = [];
  readonly #failures: EntryFailure[] = [];
  readonly #skippedLinks: string[] = [];
  #failedCount = 0;
  #skippedCount = 0;
  #itemCount = 0;
  #listedFileCount = 0;
  #totalBytes = 0;
  #fileCount = 0;

  get failedCount(): number {
    return this.#failedCount;
  }

  /** Something was delivered, if only an empty folder. */
  get hasDelivered(): boolean {
    return this.#itemCount > 0;
  }

  /** An item is over: a folder in which nothing failed, or anything of which was delivered. */
  addItem(item: ItemResult): void {
    this.#itemCount++;
    this.#totalBytes += item.totalBytes;
    this.#fileCount += item.fileCount;
    if (this.#items.length < MAX_LISTED_ITEMS) this.#items.push(item);
  }

  /** Whether one more file below a folder is listed; it counts as listed then. */
  listsFile(): boolean {
    return this.#listedFileCount++ < MAX_LISTED_FILES;
  }

  addFailure(name: string, code: TransferErrorCode, reason: string): void {
    this.#failedCount++;
    if (this.#failures.length < MAX_LISTED_FAILURES) this.#failures.push({ name, code, reason });
  }

  addLink(name: string): void {
    this.#skippedCount++;
    if (this.#skippedLinks.length < MAX_LISTED_FAILURES) this.#skippedLinks.push(name);
  }

  /** Why nothing at all was delivered. */
  get error(): TransferError {
    const first = this.#failures[0];
    if (first === undefined) return new TransferError('local-file', 'there is nothing to send');
    if (this.#failedCount === 1) return new TransferError(first.code, first.reason);
    const reason = `none of ${this.#failedCount} was delivered; ${first.name}: ${first.reason}`;
    return new TransferError(first.code, reason);
  }

  get result(): Omit<TransferResult, 'elapsedMs' | 'retransmittedBytes' | 'packetsLostCount'> {
    const [first] = this.#items;
    return {
      totalBytes: this.#totalBytes,
      path: first?.path ?? '',
      sha256: this.#itemCount === 1 ? (first?.sha256 ?? '') : '',
      items: this.#items,
      fileCount: this.#fileCount,
      failures: this.#failures,
      failedCount: this.#failedCount,
      skippedLinks: this.#skippedLinks,
      skippedCount: this.#skippedCount,
    };
  }
}
