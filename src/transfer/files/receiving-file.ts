import { createHash } from 'node:crypto';
import { ContentWriter } from './content-writer.ts';
import type { PartialFile } from './disk.ts';
import type { EndMessage } from './message.ts';
import type { OfferedEntry } from './offer.ts';
import { asTransferError, type TransferError } from './transfer-error.ts';

/** What END says of what has arrived: `unfit` is the peer's mistake, `damaged` the content's. */
export type EndVerdict = 'verified' | 'damaged' | 'unfit';

/** The content of one file from the stream to its name: written, hashed, verified, published. */
export class ReceivingFile {
  readonly #entry: OfferedEntry;
  readonly #partial: PartialFile;
  readonly #content: ContentWriter;
  readonly #hash = createHash('sha256');
  #arrivedBytes = 0;
  #digest: Uint8Array = NO_DIGEST;

  /** @param onWritten called after each write: there is room, all is written, or it failed */
  constructor(entry: OfferedEntry, partial: PartialFile, onWritten: () => void) {
    this.#entry = entry;
    this.#partial = partial;
    this.#content = new ContentWriter(partial, entry.sizeBytes, onWritten);
  }

  /** Content bytes taken so far. */
  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  /** One more record of any length may be appended. */
  get hasRoom(): boolean {
    return this.#content.hasRoom;
  }

  /** Why the disk did not take it, or undefined. */
  get error(): TransferError | undefined {
    const error = this.#content.error;
    return error === undefined ? undefined : asTransferError(error);
  }

  /** All that arrived is written. */
  get isWritten(): boolean {
    return this.#content.isIdle;
  }

  /** What `end` verified. */
  get digest(): Uint8Array {
    return this.#digest;
  }

  /** Takes content, only when there is room; false when it is empty or more than was offered. */
  append(content: Uint8Array): boolean {
    if (content.length === 0) return false;
    if (this.#arrivedBytes + content.length > this.#entry.sizeBytes) return false;
    this.#hash.update(content);
    this.#content.append(content);
    this.#arrivedBytes += content.length;
    return true;
  }

  /** No more content comes. */
  end({ sizeBytes, digest }: EndMessage): EndVerdict {
    const isComplete = this.#arrivedBytes === this.#entry.sizeBytes;
    if (!isComplete || sizeBytes !== this.#arrivedBytes) return 'unfit';
    this.#digest = digest;
    if (!this.#hash.digest().equals(digest)) return 'damaged';
    this.#content.flush();
    return 'verified';
  }

  /** When it is written: durable and under its name, or undefined when aborted before that. */
  publish(isAborted: () => boolean): Promise<string | undefined> {
    const { mtimeNs, mode } = this.#entry;
    return this.#partial.publish({ mtimeNs, mode, isAborted });
  }

  /** Keeps or removes what is on the disk, as the failure asks. */
  async putAway({ code }: TransferError): Promise<void> {
    const isWorthless = code === 'source-changed' || code === 'integrity';
    try {
      await this.#content.drain();
      if (isWorthless || this.#partial.writtenBytes === 0) await this.#partial.discard();
      else await this.#partial.keep();
    } catch {
      // The transfer has failed already, for a reason of its own.
    }
  }
}

const NO_DIGEST = new Uint8Array(0);
