import assert from 'node:assert/strict';
import { ContentHash, type ReadAt } from '../content-hash.ts';
import type { ContentShare } from '../content-memory.ts';
import { ContentWriter } from './content-writer.ts';
import type { PartialFile, Room } from '../disk.ts';
import type { EndMessage } from '../records/message.ts';
import type { OfferedEntry } from '../records/offer.ts';
import type { SpaceWait } from './space-wait.ts';
import { asTransferError, TransferError } from '../transfer-error.ts';

export interface ReceivingFileOptions {
  readonly entry: OfferedEntry;
  readonly partial: PartialFile;
  /** What is there already of its content. */
  readonly startBytes: number;
  readonly room: Room;
  /** The most that it may have, where its offer does not say its size. */
  readonly limitBytes: number;
  /** The transfer's part of the memory for content. */
  readonly share: ContentShare;
  readonly spaceWait: SpaceWait;
  /** Called after each write, and when reading for the hash has caught up: there is room, or it failed. */
  readonly onChange: () => void;
  /** Called after each such read. */
  readonly onRead: () => void;
}

/** The content of one file from the stream to its name: written, hashed, verified, published. */
export class ReceivingFile {
  readonly entry: OfferedEntry;
  readonly startBytes: number;
  readonly #partial: PartialFile;
  readonly #room: Room;
  readonly #limitBytes: number;
  readonly #share: ContentShare;
  readonly #spaceWait: SpaceWait;
  readonly #content: ContentWriter;
  readonly #hash: ContentHash;
  readonly #onChange: () => void;
  readonly #onRead: () => void;
  #arrivedBytes: number;
  #digest: Uint8Array | undefined;
  #onHashed: (() => void) | undefined;
  /** A stream has brought more than is wanted. */
  #isTooLarge = false;

  constructor(options: ReceivingFileOptions) {
    const { entry, partial, startBytes, room, share, spaceWait, onChange } = options;
    this.#room = room;
    this.#limitBytes = entry.isSizeKnown ? entry.sizeBytes : options.limitBytes;
    this.entry = entry;
    this.startBytes = startBytes;
    this.#partial = partial;
    this.#share = share;
    this.#spaceWait = spaceWait;
    this.#onChange = onChange;
    this.#onRead = options.onRead;
    this.#arrivedBytes = startBytes;
    const write = async (segment: Uint8Array): Promise<void> => {
      const endBytes = partial.writtenBytes + segment.length;
      if (!entry.isSizeKnown) await spaceWait.run(() => room.grow(segment.length));
      await spaceWait.run(() => {
        const doneBytes = segment.length - (endBytes - partial.writtenBytes);
        return partial.append(doneBytes === 0 ? segment : segment.subarray(doneBytes));
      });
      room.spend(segment.length);
      this.#hash.follow(partial.writtenBytes);
    };
    this.#content = new ContentWriter({
      write,
      sizeBytes: entry.isSizeKnown ? entry.sizeBytes - startBytes : Infinity,
      share,
      onChange,
      isPrompt: partial.isStream === true,
    });
    // The first read opens the file, and that may need space.
    const read: ReadAt | undefined =
      startBytes === 0
        ? undefined
        : (target, positionBytes) => spaceWait.run(() => partial.read(target, positionBytes));
    const onHashed = (): void => {
      this.#onHashed?.();
      onChange();
    };
    this.#hash = new ContentHash(read, onHashed, options.onRead);
    this.#hash.follow(startBytes);
  }

  /** Of a file from a stream what has come of it; all of it after `end`. */
  get sizeBytes(): number {
    return this.entry.isSizeKnown ? this.entry.sizeBytes : this.#arrivedBytes;
  }

  /** Content bytes that are here, those of an earlier transfer included. */
  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  /** One more record of any length may be appended. */
  get hasRoom(): boolean {
    return this.#content.hasRoom;
  }

  /** Bytes that wait for the disk. */
  get heldBytes(): number {
    return this.#content.heldBytes;
  }

  /** Why the disk did not take it, or undefined. */
  get error(): TransferError | undefined {
    if (this.#isTooLarge) return tooLarge(this.#limitBytes);
    const error = this.#content.error ?? this.#hash.error;
    return error === undefined ? undefined : asTransferError(error);
  }

  /** All has arrived, and what was here before is still read for its hash. */
  get isChecking(): boolean {
    return this.#digest !== undefined && !this.#isHashed;
  }

  /**
   * Takes content, only when there is room; false when it is empty or more than was offered. More than
   * is wanted of a stream is an `error`.
   */
  append(content: Uint8Array): boolean {
    if (content.length === 0) return false;
    if (this.#arrivedBytes + content.length > this.#limitBytes) {
      this.#isTooLarge = !this.entry.isSizeKnown;
      return this.#isTooLarge;
    }
    this.#hash.update(content);
    this.#content.append(content);
    this.#arrivedBytes += content.length;
    return true;
  }

  /** No more content comes; false when that does not fit what came. */
  end({ sizeBytes, digest }: EndMessage): boolean {
    if (this.#arrivedBytes !== this.sizeBytes || sizeBytes !== this.#arrivedBytes) return false;
    this.#digest = digest;
    this.#content.flush();
    return true;
  }

  /** After `end`: writes what is left; whether that is what END says. */
  async verify(): Promise<boolean> {
    await this.#content.drain();
    this.#throwError();
    assert(
      this.#partial.writtenBytes === this.sizeBytes,
      'all of a file is written before it is verified',
    );
    while (!this.#isHashed) await new Promise<void>((resolve) => (this.#onHashed = resolve));
    this.#throwError();
    if (this.#hash.hashedBytes < this.sizeBytes) return false;
    return Buffer.compare(this.#hash.digest, this.#digest!) === 0;
  }

  /** After `verify`: durable and under its name, or undefined when aborted before that. */
  publish(isAborted: () => boolean): Promise<string | undefined> {
    const { mtimeNs, mode } = this.entry;
    const publication = { mtimeNs, mode, isAborted };
    return this.#spaceWait.run(() => this.#partial.publish(publication));
  }

  /** SHA-256 of the content as hex; after `verify`. */
  get sha256(): string {
    return Buffer.from(this.#hash.digest).toString('hex');
  }

  /** The same file from its beginning: what there is of it is dropped. */
  async again(): Promise<ReceivingFile> {
    await this.#spaceWait.run(() => this.#partial.restart());
    return new ReceivingFile({
      entry: this.entry,
      partial: this.#partial,
      startBytes: 0,
      room: this.#room,
      limitBytes: this.#limitBytes,
      share: this.#share,
      spaceWait: this.#spaceWait,
      onChange: this.#onChange,
      onRead: this.#onRead,
    });
  }

  /** Keeps or removes what is on the disk, as the failure asks. */
  async putAway(error: TransferError): Promise<void> {
    // A stream whose reader is stuck would be waited for without end.
    this.#partial.abort?.(error);
    await Promise.all([this.#content.drain(), this.#hash.stop()]);
    // A stream that is refused once is refused again: nobody wants its beginning.
    await putAwayPartial(this.#partial, error, this.#isTooLarge);
  }

  /** It is left out of a folder that goes on: nothing of it stays there. */
  async discard(): Promise<void> {
    await Promise.all([this.#content.drain(), this.#hash.stop()]);
    await this.#partial.discard().catch(() => undefined);
  }

  #throwError(): void {
    if (this.error !== undefined) throw this.error;
  }

  get #isHashed(): boolean {
    return this.#hash.hashedBytes === this.sizeBytes || this.#hash.isStopped;
  }
}

function tooLarge(limitBytes: number): TransferError {
  return new TransferError('refused', `over --max-size (${limitBytes} bytes allowed)`);
}

/** What is worth something for a later transfer is kept. */
export async function putAwayPartial(
  partial: PartialFile,
  error: TransferError,
  isUnwanted = false,
): Promise<void> {
  const isWorthless = isUnwanted || error.code === 'source-changed' || error.code === 'integrity';
  try {
    if (partial.abort !== undefined) partial.abort(error);
    else if (isWorthless || partial.writtenBytes === 0) await partial.discard();
    else await partial.keep();
  } catch {
    // The transfer has failed already, for a reason of its own.
  }
}
