import type { SourceDisk, SourceEntry, SourceFile } from '../disk.ts';
import type { AcceptItem } from '../records/message.ts';
import type { OutgoingOffer } from './offer-survey.ts';
import { SendingFile, type SendingFileOptions, sourceChanged } from './sending-file.ts';
import { asTransferError, TransferError } from '../transfer-error.ts';
import { MAX_LISTED_FILES } from '../transfer.ts';
import type { TransferTally } from '../transfer-tally.ts';

/** Files that are opened and read before their turn, so that small ones follow without a pause. */
export const MAX_FILES_AHEAD = 32;
/** No more files are opened ahead once those that are have so many bytes, or this part of a share. */
const MAX_BYTES_AHEAD = 1_048_576;
const SHARE_AHEAD_PART = 1 / 4;

export interface SendingOfferOptions extends SendingFileOptions {
  readonly disk: SourceDisk;
  readonly tally: TransferTally;
}

/** A file whose turn it is, or comes soon. */
export interface Turn {
  readonly index: number;
  readonly entry: SourceEntry;
  readonly startBytes: number;
  /** Open, or undefined while it is being opened. */
  file: SendingFile | undefined;
  /** Why it cannot be opened. */
  error: TransferError | undefined;
  isStarted: boolean;
  isDropped: boolean;
  opening: Promise<void>;
}

const Stand = { waiting: 0, inTurn: 1, sent: 2, over: 3 } as const;

/**
 * The files of one offer in the order in which they are sent: each as the receiver wants it, from the
 * beginning or from what it holds. Until its answer is here they are sent as if it held nothing.
 */
export class SendingOffer {
  readonly #options: SendingOfferOptions;
  readonly offer: OutgoingOffer;
  readonly #stands: Uint8Array;
  readonly #starts: Map<number, number> = new Map();
  /** Opened and being opened, in order. */
  readonly #turns: Turn[] = [];
  /** Files to be sent out of order, before the others. */
  readonly #extra: number[] = [];
  readonly #digests: Map<number, string> = new Map();
  /** Of files whose size was not known before. */
  readonly #sizes: Map<number, number> = new Map();
  /** Files that are over and not closed yet. */
  readonly #closing: Set<Promise<void>> = new Set();
  #nextIndex = 0;
  #isClosed = false;

  constructor(offer: OutgoingOffer, options: SendingOfferOptions) {
    this.offer = offer;
    this.#options = options;
    this.#stands = new Uint8Array(offer.entries.length);
  }

  /** The file whose turn it is; undefined when all were sent. */
  get turn(): Turn | undefined {
    return this.#turns[0];
  }

  /** All files were sent or left out. */
  get isFinished(): boolean {
    return this.#turns.length === 0 && this.#extra.length === 0 && this.#isAtEnd;
  }

  /** No file follows the one whose turn it is, as far as is known now, in this offer or another. */
  get isLastTurn(): boolean {
    const isOnly = this.#turns.length === 1 && this.#extra.length === 0;
    return isOnly && this.#isAtEnd && !this.offer.hasMoreOffers;
  }

  get #isAtEnd(): boolean {
    return this.#nextIndex === this.offer.entries.length;
  }

  /** Opens the next files as far as they should be ahead. */
  fill(): void {
    let bytesAhead = this.#turns.reduce((sum, { entry }) => sum + entry.sizeBytes, 0);
    while (
      !this.#isClosed &&
      this.#turns.length < MAX_FILES_AHEAD &&
      (bytesAhead < this.#maxBytesAhead || this.#turns.length < 2)
    ) {
      const index = this.#takeNext();
      if (index === undefined) return;
      bytesAhead += this.offer.entries[index]!.sizeBytes;
      this.#turns.push(this.#openTurn(index));
    }
  }

  get #maxBytesAhead(): number {
    return Math.min(MAX_BYTES_AHEAD, SHARE_AHEAD_PART * this.#options.share.limitBytes);
  }

  /** Resolves when the first file is open, or cannot be opened. */
  async opened(): Promise<{ readonly error: TransferError | undefined }> {
    await this.#turns[0]?.opening;
    return { error: this.#turns[0]?.error };
  }

  /** What the receiver says of single entries; false when it makes no sense. */
  accept(item: AcceptItem, index: number): boolean {
    const entry = this.offer.entries[index];
    if (entry === undefined) return false;
    if (item.type === 'refuse') {
      if (this.#stands[index] === Stand.over) return true;
      this.#drop(index);
      this.leaveOut(index, new TransferError(item.code, item.reason));
      return true;
    }
    const isFit = entry.kind === 'file' && item.offsetBytes <= entry.sizeBytes;
    if (!isFit || item.offsetBytes === 0 || this.#starts.has(index)) return false;
    this.#starts.set(index, item.offsetBytes);
    const wasTaken = this.#drop(index);
    if (wasTaken || this.#stands[index] === Stand.sent) {
      this.#stands[index] = Stand.waiting;
      this.#extra.push(index);
    }
    return true;
  }

  /** The receiver wants a file from its beginning; false when it has not been sent. */
  again(index: number): boolean {
    if (this.#stands[index] !== Stand.sent) return false;
    this.#starts.delete(index);
    this.#stands[index] = Stand.waiting;
    this.#extra.push(index);
    return true;
  }

  /** The receiver could not store a file; false when it was not offered. */
  miss(index: number, error: TransferError): boolean {
    if (this.offer.entries[index]?.kind !== 'file') return false;
    if (this.#stands[index] === Stand.over) return true;
    this.#drop(index);
    const extraAt = this.#extra.indexOf(index);
    if (extraAt >= 0) this.#extra.splice(extraAt, 1);
    this.leaveOut(index, error);
    // Where no other file is ahead, nothing else would open the next one.
    this.fill();
    return true;
  }

  /** The file whose turn it was has been sent. */
  onSent(turn: Turn): void {
    this.#turns.shift();
    this.#stands[turn.index] = Stand.sent;
    const digest = Buffer.from(turn.file!.digest).toString('hex');
    const isTop = !turn.entry.name.includes('/');
    const hasRoom = this.#digests.has(turn.index) || this.#digests.size < MAX_LISTED_FILES;
    if (isTop || hasRoom) this.#digests.set(turn.index, digest);
    if (!turn.entry.isSizeKnown) this.#sizes.set(turn.index, turn.file!.sizeBytes);
    this.#closeFile(turn);
  }

  /** The file whose turn it was cannot be sent. */
  onFailed(turn: Turn, error: TransferError): void {
    this.#turns.shift();
    this.#closeFile(turn);
    this.leaveOut(turn.index, error);
  }

  leaveOut(index: number, { code, message }: TransferError): void {
    this.#stands[index] = Stand.over;
    this.#options.tally.addFailure(this.offer.entries[index]!.name, code, message);
  }

  /** Everything that was sent was delivered: each item with what was sent of it. */
  forEachDelivered(
    visit: (
      entry: SourceEntry,
      isWhole: boolean,
      sizeBytes: number,
      sha256: string | undefined,
    ) => void,
  ): void {
    for (const [index, entry] of this.offer.entries.entries()) {
      const sizeBytes = this.#sizes.get(index) ?? entry.sizeBytes;
      visit(entry, this.#stands[index] !== Stand.over, sizeBytes, this.#digests.get(index));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const turn of this.#turns) this.#closeFile(turn);
    await Promise.all(this.#closing);
  }

  #takeNext(): number | undefined {
    const extra = this.#extra.shift();
    if (extra !== undefined) return extra;
    while (!this.#isAtEnd) {
      const index = this.#nextIndex++;
      const isFile = this.offer.entries[index]!.kind === 'file';
      if (isFile && this.#stands[index] === Stand.waiting) return index;
    }
    return undefined;
  }

  /** Takes a file out of its turn; true when it had one. */
  #drop(index: number): boolean {
    const at = this.#turns.findIndex((turn) => turn.index === index);
    if (at < 0) return false;
    const [turn] = this.#turns.splice(at, 1);
    turn!.isDropped = true;
    this.#closeFile(turn!);
    return true;
  }

  #closeFile(turn: Turn): void {
    const closing = turn.opening
      .then(() => turn.file?.close())
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #openTurn(index: number): Turn {
    const entry = this.offer.entries[index]!;
    this.#stands[index] = Stand.inTurn;
    const startBytes = this.#starts.get(index) ?? 0;
    const turn: Turn = {
      index,
      entry,
      startBytes,
      file: undefined,
      error: undefined,
      isStarted: false,
      isDropped: false,
      opening: Promise.resolve(),
    };
    turn.opening = this.#open(turn);
    return turn;
  }

  async #open(turn: Turn): Promise<void> {
    let source: SourceFile | undefined;
    try {
      source = await this.#options.disk.open(turn.entry.path, turn.entry.sizeBytes);
      if (!isSameFile(source, turn.entry)) throw sourceChanged();
    } catch (error) {
      turn.error = asTransferError(error);
    }
    if (source !== undefined && (turn.error !== undefined || turn.isDropped || this.#isClosed)) {
      await source.close().catch(() => undefined);
    } else if (source !== undefined) {
      turn.file = new SendingFile(source, turn.startBytes, this.#options);
      turn.file.start();
    }
    this.#options.onChange();
  }
}

/** It is what was offered. */
function isSameFile(source: SourceFile, entry: SourceEntry): boolean {
  return (
    source.sizeBytes === entry.sizeBytes &&
    source.mtimeNs === entry.mtimeNs &&
    source.inode === entry.inode &&
    source.device === entry.device
  );
}
