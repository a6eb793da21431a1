import {
  decodeOffer,
  MAX_OFFER_ENTRIES,
  MAX_OFFER_NAME_BYTES,
  type OfferedEntry,
} from '../records/offer.ts';

/** Something at the top of an offer, with what is below it. */
export interface OfferedItem {
  /** The entry of the item itself. */
  readonly entry: OfferedEntry;
  /** Its place among the entries of the offer; those below it follow. */
  readonly firstIndex: number;
  endIndex: number;
  totalBytes: number;
  fileCount: number;
}

/** A whole offer that was found sound. */
export interface IncomingOffer {
  readonly entries: readonly OfferedEntry[];
  readonly items: readonly OfferedItem[];
  readonly totalBytes: number;
  readonly fileCount: number;
  /** False for a file from a stream, which is offered alone. */
  readonly isSizeKnown: boolean;
  readonly hasMoreOffers: boolean;
}

/**
 * Gathers the records of one offer. What it lets through holds together: no name twice, each entry
 * behind the folder it lies in, all of an item in one run, and a file of unknown size alone.
 */
export class OfferReader {
  readonly #entries: OfferedEntry[] = [];
  readonly #items: OfferedItem[] = [];
  readonly #names: Set<string> = new Set();
  readonly #folders: Set<string> = new Set();
  #isSizeKnown = true;
  #nameBytes = 0;

  /** Takes one record: `more` when another must follow. */
  read(body: Uint8Array): IncomingOffer | 'more' | 'unsupported' | 'violation' {
    const verdict = decodeOffer(body);
    if (verdict.type !== 'offer') return verdict.type;
    if (this.#entries.length + verdict.entries.length > MAX_OFFER_ENTRIES) return 'violation';
    for (const entry of verdict.entries) if (!this.#add(entry)) return 'violation';
    const { hasMoreEntries, hasMoreOffers } = verdict;
    const isAlone = this.#entries.length === 1 && !hasMoreEntries && !hasMoreOffers;
    if (!this.#isSizeKnown && !isAlone) return 'violation';
    if (hasMoreEntries) return 'more';
    const items = this.#items;
    return {
      entries: this.#entries,
      items,
      totalBytes: items.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
      fileCount: items.reduce((sum, { fileCount }) => sum + fileCount, 0),
      isSizeKnown: this.#isSizeKnown,
      hasMoreOffers,
    };
  }

  #add(entry: OfferedEntry): boolean {
    const { name, kind, sizeBytes } = entry;
    this.#nameBytes += Buffer.byteLength(name);
    if (this.#nameBytes > MAX_OFFER_NAME_BYTES || this.#names.has(name)) return false;
    const slashAt = name.lastIndexOf('/');
    if (slashAt < 0) {
      const firstIndex = this.#entries.length;
      this.#items.push({ entry, firstIndex, endIndex: 0, totalBytes: 0, fileCount: 0 });
      // What lies in a folder follows it at once, so those of an earlier item are not asked for again.
      this.#folders.clear();
    } else if (!this.#folders.has(name.slice(0, slashAt))) {
      return false;
    }
    this.#names.add(name);
    if (!entry.isSizeKnown) this.#isSizeKnown = false;
    if (kind === 'folder') this.#folders.add(name);
    this.#entries.push(entry);
    const item = this.#items.at(-1)!;
    item.endIndex = this.#entries.length;
    item.totalBytes += sizeBytes;
    if (kind === 'file') item.fileCount++;
    return true;
  }
}
