import { basename } from 'node:path';
import type { SourceEntry } from './disk.ts';
import type { SendingOffer } from './sending-offer.ts';
import type { TransferTally } from './transfer-tally.ts';

/** What was delivered of the paths of a transfer: a path may go over several offers. */
export class SentItems {
  readonly #paths: readonly string[];
  readonly #tally: TransferTally;
  #current:
    { entry: SourceEntry; totalBytes: number; fileCount: number; sha256: string } | undefined;

  constructor(paths: readonly string[], tally: TransferTally) {
    this.#paths = paths;
    this.#tally = tally;
  }

  add(offer: SendingOffer): void {
    offer.forEachDelivered((entry, isWhole, sizeBytes, sha256) => {
      if (this.#current?.entry.itemIndex !== entry.itemIndex) {
        this.finish();
        if (!isWhole) return;
        this.#current = { entry, totalBytes: 0, fileCount: 0, sha256: sha256 ?? '' };
      }
      if (entry.kind === 'folder' || !isWhole) return;
      this.#current.totalBytes += sizeBytes;
      this.#current.fileCount++;
    });
  }

  /** No more comes of the last one. */
  finish(): void {
    if (this.#current === undefined) return;
    const { entry, totalBytes, fileCount, sha256 } = this.#current;
    this.#current = undefined;
    const { kind } = entry;
    const path = this.#paths[entry.itemIndex]!;
    const item = { kind, name: basename(entry.name), path, totalBytes, fileCount };
    // A folder's own entry comes first, so this is the file or the folder that was named.
    this.#tally.addItem(kind === 'file' ? { ...item, sha256 } : item);
  }
}
