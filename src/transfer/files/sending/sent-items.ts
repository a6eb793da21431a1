import { basename } from 'node:path';
import type { SourceEntry } from '../disk.ts';
import type { SendingOffer } from './sending-offer.ts';
import type { FileResult } from '../transfer.ts';
import type { TransferTally } from '../transfer-tally.ts';

/** What was delivered of one path so far. */
interface SentItem {
  readonly entry: SourceEntry;
  totalBytes: number;
  fileCount: number;
  readonly sha256: string;
  readonly files: FileResult[];
}

/** What was delivered of the paths of a transfer: a path may go over several offers. */
export class SentItems {
  readonly #paths: readonly string[];
  readonly #tally: TransferTally;
  #current: SentItem | undefined;

  constructor(paths: readonly string[], tally: TransferTally) {
    this.#paths = paths;
    this.#tally = tally;
  }

  add(offer: SendingOffer): void {
    offer.forEachDelivered((entry, isWhole, sizeBytes, sha256) => {
      if (this.#current?.entry.itemIndex !== entry.itemIndex) {
        this.finish();
        if (!isWhole) return;
        this.#current = { entry, totalBytes: 0, fileCount: 0, sha256: sha256 ?? '', files: [] };
      }
      if (entry.kind === 'folder' || !isWhole) return;
      this.#current.totalBytes += sizeBytes;
      this.#current.fileCount++;
      const isInside = this.#current.entry.kind === 'folder';
      if (!isInside || sha256 === undefined || !this.#tally.listsFile()) return;
      this.#current.files.push({ name: entry.name, sizeBytes, sha256 });
    });
  }

  /** No more comes of the last one. */
  finish(): void {
    if (this.#current === undefined) return;
    const { entry, totalBytes, fileCount, sha256, files } = this.#current;
    this.#current = undefined;
    const { kind } = entry;
    const path = this.#paths[entry.itemIndex]!;
    const item = { kind, name: basename(entry.name), path, totalBytes, fileCount };
    // A folder's own entry comes first, so this is the file or the folder that was named.
    this.#tally.addItem({ ...item, ...(kind === 'file' ? { sha256 } : { files }) });
  }
}
