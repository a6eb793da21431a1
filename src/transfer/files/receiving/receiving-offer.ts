import type { ContentShare } from '../content-memory.ts';
import type { PartialFile } from '../disk.ts';
import type { EndMessage, FileMessage, MissMessage, StartMessage } from '../records/message.ts';
import type { OfferedEntry } from '../records/offer.ts';
import { errorOfFailure } from '../close-meaning.ts';
import { putAwayPartial, ReceivingFile } from './receiving-file.ts';
import { NO_ROOM, type PlacedOffer } from './receiving-places.ts';
import type { SpaceWait } from './space-wait.ts';
import { asTransferError, TransferError } from '../transfer-error.ts';
import type { TransferTally } from '../transfer-tally.ts';

/** Files that are complete and on their way to the disk; then no more content is read. */
export const MAX_SETTLING_FILES = 64;
/** Bytes of such files that wait for the disk, or the transfer's share; then no more content is read. */
export const MAX_HELD_BYTES = 8_388_608;

export interface ReceivingOfferOptions {
  readonly placed: PlacedOffer;
  /** Number of the first entry, counted over all offers of the transfer. */
  readonly baseIndex: number;
  readonly spaceWait: SpaceWait;
  readonly tally: TransferTally;
  /** The transfer's part of the memory for content. */
  readonly share: ContentShare;
  /** The transfer has failed: nothing is published any more. */
  readonly isAborted: () => boolean;
  /** A file got further: there is room, or it is settled. */
  readonly onChange: () => void;
  /** The disk was read for a hash. */
  readonly onRead: () => void;
  /** Content came, or is found to be here. */
  readonly onProgress: (byteCount: number) => void;
  /** Asks for a file once more, from its beginning. */
  readonly sayAgain: (entryIndex: number) => void;
  /** A file cannot be stored: tells the sender. False when the transfer fails with it. */
  readonly onFileFailed: (entryIndex: number, error: TransferError) => boolean;
}

/** Where a file of an offer stands. */
const Stand = { wanted: 0, receiving: 1, settling: 2, over: 3 } as const;

/**
 * The files of one accepted offer: takes their content in any order, one at a time, and settles each
 * while the next ones come. A file that fails is left out, and the others go on.
 */
export class ReceivingOffer {
  readonly #options: ReceivingOfferOptions;
  readonly #placed: PlacedOffer;
  readonly #stands: Uint8Array;
  /** Files whose content came before the sender knew that it is not wanted: that is let by once. */
  readonly #letBy: Set<number> = new Set();
  /** Files that were asked for again. */
  readonly #asked: Map<number, ReceivingFile> = new Map();
  readonly #settling: Set<ReceivingFile> = new Set();
  /** Files that are being made ready to come once more. */
  readonly #restarting: Set<Promise<unknown>> = new Set();
  /** The file whose content comes now; no `file` while it is let by. */
  #current: { readonly index: number; readonly file: ReceivingFile | undefined } | undefined;
  #leftCount: number;
  /** Files that are getting their names. */
  readonly #publishing: Set<Promise<unknown>> = new Set();

  constructor(options: ReceivingOfferOptions) {
    this.#options = options;
    this.#placed = options.placed;
    const { offer, refusals } = options.placed;
    this.#stands = new Uint8Array(offer.entries.length);
    this.#leftCount = offer.fileCount;
    for (const [index, { code, reason }] of refusals) {
      const entry = offer.entries[index]!;
      this.#stands[index] = Stand.over;
      if (entry.kind === 'file') this.#leftCount--;
      options.tally.addFailure(entry.name, code, reason);
    }
  }

  get placed(): PlacedOffer {
    return this.#placed;
  }

  /** Whether one more record, of any kind and length, may be taken. */
  get hasRoom(): boolean {
    const file = this.#current?.file;
    if (file !== undefined) return file.hasRoom;
    if (this.#settling.size >= MAX_SETTLING_FILES) return false;
    let heldBytes = 0;
    for (const settling of this.#settling) heldBytes += settling.heldBytes;
    return heldBytes < Math.min(MAX_HELD_BYTES, this.#options.share.limitBytes);
  }

  /** Each of its files is stored or left out. */
  get isSettled(): boolean {
    return this.#leftCount === 0;
  }

  /** All content has come, and none of it is asked for again so far. */
  get isComplete(): boolean {
    return this.#leftCount === this.#settling.size;
  }

  /** A file is getting its name right now. */
  get isPublishing(): boolean {
    return this.#publishing.size > 0;
  }

  /** All has arrived, and what was here before is still read for its hash. */
  get isChecking(): boolean {
    if (!this.isComplete || this.#settling.size === 0) return false;
    return [...this.#settling].some((file) => file.isChecking);
  }

  /** False when the sender may not say that now. */
  start({ entryIndex, offsetBytes }: StartMessage): boolean {
    const index = entryIndex - this.#options.baseIndex;
    const entry = this.#placed.offer.entries[index];
    if (entry?.kind !== 'file' || this.#current?.file !== undefined) return false;
    const asked = this.#asked.get(index);
    if (asked !== undefined) {
      if (offsetBytes !== 0) return false;
      this.#asked.delete(index);
      this.#receive(index, asked);
      return true;
    }
    const startBytes = this.#placed.starts.get(index) ?? 0;
    if (this.#stands[index] === Stand.wanted && offsetBytes === startBytes) {
      this.#receive(index, this.#openFile(index, entry, startBytes));
      return true;
    }
    // Sent with the offer, before the answer.
    const isUnwanted = this.#placed.refusals.has(index) || this.#stands[index] === Stand.wanted;
    if (!isUnwanted || offsetBytes !== 0 || this.#letBy.has(index)) return false;
    this.#letBy.add(index);
    this.#current = { index, file: undefined };
    return true;
  }

  content(body: Uint8Array): boolean {
    if (this.#current === undefined) return false;
    const { file } = this.#current;
    if (file === undefined) return body.length > 0;
    if (!file.append(body)) return false;
    if (file.error === undefined) this.#options.onProgress(body.length);
    else this.#lookAt(this.#current.index);
    return true;
  }

  end(end: EndMessage): boolean {
    if (end.entryIndex - this.#options.baseIndex !== this.#current?.index) return false;
    const { index, file } = this.#current;
    this.#current = undefined;
    if (file === undefined) return true;
    if (!file.end(end)) {
      this.#current = { index, file };
      return false;
    }
    this.#stands[index] = Stand.settling;
    this.#settling.add(file);
    void this.#settle(index, file);
    return true;
  }

  /** All of a file in one record. */
  whole({ entryIndex, digest, content }: FileMessage): boolean {
    const sizeBytes = content.length;
    if (!this.start({ entryIndex, offsetBytes: 0 })) return false;
    if (sizeBytes > 0 && !this.content(content)) return false;
    return this.end({ entryIndex, sizeBytes, digest });
  }

  /** The sender leaves a file out. */
  miss({ entryIndex, code, reason }: MissMessage): boolean {
    const index = entryIndex - this.#options.baseIndex;
    const stand = this.#stands[index];
    if (this.#placed.offer.entries[index]?.kind !== 'file') return false;
    if (this.#current !== undefined && this.#current.index !== index) return false;
    const asked = this.#asked.get(index);
    const file = this.#current?.file ?? asked;
    this.#current = undefined;
    this.#asked.delete(index);
    // It has failed here too, and the sender does not know yet.
    if (stand === Stand.over) return this.#placed.refusals.has(index) || this.#letBy.has(index);
    // One that was asked for again may be gone by now.
    if (stand === Stand.settling && asked === undefined) return false;
    this.#leaveOut(index, errorOfFailure({ code, reason }), file);
    return true;
  }

  /** The transfer has failed: puts away what its files left, and what was claimed for them. */
  async putAway(error: TransferError): Promise<void> {
    // Whoever restarts opens a file that the transfer no longer needs; what has its name by now has it.
    await Promise.allSettled([...this.#restarting, ...this.#publishing]);
    const open = new Set([...this.#settling, ...this.#asked.values()]);
    if (this.#current?.file !== undefined) open.add(this.#current.file);
    await Promise.all([...open].map((file) => file.putAway(error)));
    this.#placed.room.release();
    for (const [index, place] of this.#placed.placeOf.entries()) {
      const isUnopened = this.#stands[index] === Stand.wanted;
      if (place?.claim.kind === 'file' && isUnopened) {
        await putAwayPartial(place.claim.file, error);
      }
    }
  }

  #receive(index: number, file: ReceivingFile): void {
    this.#stands[index] = Stand.receiving;
    this.#current = { index, file };
  }

  #openFile(index: number, entry: OfferedEntry, startBytes: number): ReceivingFile {
    this.#options.onProgress(startBytes);
    const { share, spaceWait, onChange, onRead } = this.#options;
    const partial = this.#partialOf(index, startBytes);
    const { room } = this.#placed;
    const onFileChange = (): void => {
      onChange();
      this.#lookAt(index);
    };
    return new ReceivingFile({
      entry,
      partial,
      startBytes,
      room: partial.isStream === true ? NO_ROOM : room,
      limitBytes: this.#placed.placeOf[index]!.limitBytes,
      share,
      spaceWait,
      onChange: onFileChange,
      onRead,
    });
  }

  #partialOf(index: number, startBytes: number): PartialFile {
    const { claim } = this.#placed.placeOf[index]!;
    if (claim.kind === 'file') return claim.file;
    return claim.folder.open(this.#placed.stored.get(index)!, startBytes);
  }

  /** The file that comes may have met a full or failing disk. */
  #lookAt(index: number): void {
    // Of a transfer that has failed everything is put away by its end.
    if (this.#current?.index !== index || this.#options.isAborted()) return;
    const { file } = this.#current;
    if (file?.error === undefined || !this.#goesOn(index, file.error)) return;
    // What still comes of it is let by.
    this.#current = { index, file: undefined };
    this.#letBy.add(index);
    this.#leaveOut(index, file.error, file);
  }

  async #settle(index: number, file: ReceivingFile): Promise<void> {
    try {
      await this.#settleOrThrow(index, file);
    } catch (cause) {
      const error = asTransferError(cause);
      if (!this.#options.isAborted() && this.#goesOn(index, error)) {
        this.#settling.delete(file);
        this.#leaveOut(index, error, file);
      }
    }
    this.#options.onChange();
  }

  async #settleOrThrow(index: number, file: ReceivingFile): Promise<void> {
    const { isAborted, sayAgain, onProgress, baseIndex } = this.#options;
    const isVerified = await file.verify();
    if (isAborted()) return;
    if (!isVerified) {
      if (file.startBytes === 0) {
        throw new TransferError('integrity', 'what arrived is not what was sent');
      }
      // What an earlier transfer left is not the beginning of this file.
      const restart = file.again();
      this.#restarting.add(restart);
      const again = await restart.finally(() => this.#restarting.delete(restart));
      this.#settling.delete(file);
      this.#asked.set(index, again);
      onProgress(-file.entry.sizeBytes);
      if (!isAborted()) sayAgain(index + baseIndex);
      return;
    }
    const publication = file.publish(isAborted);
    this.#publishing.add(publication);
    const path = await publication.finally(() => this.#publishing.delete(publication));
    if (path === undefined) return;
    const place = this.#placed.placeOf[index]!;
    place.totalBytes += file.sizeBytes;
    place.fileCount++;
    if (place.claim.kind === 'file') {
      place.path = path;
      place.sha256 = file.sha256;
    } else if (this.#options.tally.listsFile()) {
      const { sizeBytes, sha256 } = file;
      place.files.set(index + baseIndex, { name: file.entry.name, sizeBytes, sha256 });
    }
    this.#settling.delete(file);
    this.#stands[index] = Stand.over;
    this.#leftCount--;
  }

  /** Tells the sender that a file failed here; false when the transfer has failed with it. */
  #goesOn(index: number, error: TransferError): boolean {
    return this.#options.onFileFailed(index + this.#options.baseIndex, error);
  }

  #leaveOut(index: number, error: TransferError, file: ReceivingFile | undefined): void {
    const { tally, onChange } = this.#options;
    const entry = this.#placed.offer.entries[index]!;
    tally.addFailure(entry.name, error.code, error.message);
    this.#stands[index] = Stand.over;
    void this.#putAwayOne(index, error, file).then(() => {
      this.#leftCount--;
      onChange();
    });
  }

  /**
   * What there is of a file at the top is worth something for a later transfer; a folder gets its name
   * with what is in it.
   */
  async #putAwayOne(
    index: number,
    error: TransferError,
    file: ReceivingFile | undefined,
  ): Promise<void> {
    const isInFolder = this.#placed.placeOf[index]!.claim.kind === 'folder';
    if (file !== undefined) {
      await (isInFolder ? file.discard() : file.putAway(error));
      return;
    }
    const partial = this.#partialOf(index, this.#placed.starts.get(index) ?? 0);
    if (isInFolder) await partial.discard().catch(() => undefined);
    else await putAwayPartial(partial, error);
  }
}
