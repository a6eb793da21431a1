import type { SourceDisk, SourceEntry, SourceSurvey, Surveyed } from '../disk.ts';
import { MAX_OFFER_NAME_BYTES, MAX_PATH_BYTES, SENT_OFFER_ENTRIES } from '../records/offer.ts';
import { asTransferError } from '../transfer-error.ts';
import type { TransferTally } from '../transfer-tally.ts';

/** The entries of one offer that is to be sent. */
export interface OutgoingOffer {
  readonly entries: readonly SourceEntry[];
  /** Another one follows. */
  readonly hasMoreOffers: boolean;
}

export interface OfferSurveyOptions {
  readonly disk: SourceDisk;
  readonly paths: readonly string[];
  /** Entries of an offer, at most; `SENT_OFFER_ENTRIES` when absent. */
  readonly offerEntries?: number;
}

/** Makes offers out of what is found on the way through the paths of a transfer. */
export class OfferSurvey {
  readonly #survey: SourceSurvey;
  readonly #tally: TransferTally;
  readonly #limitEntries: number;
  readonly #onFound: () => void;
  /** Found and not offered yet. */
  #found: readonly Surveyed[] = [];
  #foundAt = 0;
  /** Names in the offer: those that a disk tells apart may be the same once composed (NFC). */
  readonly #names: Set<string> = new Set();
  /** The folders around what comes next, the outermost first. */
  readonly #folders: SourceEntry[] = [];

  /** `onFound`: called whenever the way has led further. */
  constructor(options: OfferSurveyOptions, tally: TransferTally, onFound: () => void) {
    this.#survey = options.disk.survey(options.paths);
    this.#tally = tally;
    this.#onFound = onFound;
    this.#limitEntries = options.offerEntries ?? SENT_OFFER_ENTRIES;
  }

  /** The next offer; undefined when there is nothing more. One call at a time. */
  async next(): Promise<OutgoingOffer | undefined> {
    this.#names.clear();
    let entry = await this.#nextEntry();
    if (entry === undefined) return undefined;
    this.#enter(entry);
    // Whoever reads an offer needs the folders around what it begins with.
    const entries = entry.kind === 'folder' ? [...this.#folders] : [...this.#folders, entry];
    let nameBytes = entries.reduce((sum, { name }) => sum + Buffer.byteLength(name), 0);
    const roomBytes = MAX_OFFER_NAME_BYTES - MAX_PATH_BYTES;
    entry = await this.#nextEntry();
    while (entry !== undefined && entries.length < this.#limitEntries && nameBytes <= roomBytes) {
      this.#enter(entry);
      entries.push(entry);
      nameBytes += Buffer.byteLength(entry.name);
      entry = await this.#nextEntry();
    }
    const hasMoreOffers = entry !== undefined;
    // It was only looked at.
    if (hasMoreOffers) this.#foundAt--;
    return { entries, hasMoreOffers };
  }

  close(): Promise<void> {
    return this.#survey.close();
  }

  #enter(entry: SourceEntry): void {
    const folders = this.#folders;
    while (folders.length > 0 && !entry.name.startsWith(`${folders.at(-1)!.name}/`)) folders.pop();
    if (entry.kind === 'folder') folders.push(entry);
  }

  async #nextEntry(): Promise<SourceEntry | undefined> {
    for (;;) {
      if (this.#foundAt === this.#found.length) {
        this.#found = await this.#survey.next();
        this.#onFound();
        this.#foundAt = 0;
        if (this.#found.length === 0) return undefined;
      }
      const found = this.#found[this.#foundAt++]!;
      if (found.type === 'entry') {
        if (this.#names.has(found.entry.name)) {
          this.#tally.addFailure(found.entry.name, 'local-file', 'another one has the same name');
          continue;
        }
        this.#names.add(found.entry.name);
        return found.entry;
      }
      if (found.type === 'link') {
        this.#tally.addLink(found.name);
      } else {
        const { code, message } = asTransferError(found.error);
        this.#tally.addFailure(found.name, code, message);
      }
    }
  }
}
