import { ContentHash } from '../content-hash.ts';
import type { ContentShare } from '../content-memory.ts';
import type { SourceFile } from '../disk.ts';
import { ReadAhead } from './read-ahead.ts';
import { asTransferError, TransferError } from '../transfer-error.ts';

export interface SendingFileOptions {
  /** The transfer's part of the memory for content. */
  readonly share: ContentShare;
  /** Called when there is more to take, the end was reached, or it failed. */
  readonly onChange: () => void;
  /** Called after each read of what is not sent. */
  readonly onRead: () => void;
}

/**
 * The content of one source on its way into the stream, from an offset on: read ahead, hashed, and
 * looked at once more behind its last byte. What was sent is one state of the file or is never called
 * so.
 */
export class SendingFile {
  readonly #source: SourceFile;
  readonly #readAhead: ReadAhead;
  readonly #onChange: () => void;
  readonly #hash: ContentHash;
  #takenBytes = 0;
  #check: 'none' | 'running' | 'passed' = 'none';
  #error: TransferError | undefined;

  constructor(source: SourceFile, startBytes: number, options: SendingFileOptions) {
    const { share, onChange, onRead } = options;
    this.#source = source;
    this.#onChange = onChange;
    this.#readAhead = new ReadAhead(source, startBytes, share, () => {
      this.#look();
      onChange();
    });
    const read = startBytes === 0 ? undefined : source.read.bind(source);
    const onHashed = (): void => {
      this.#look();
      onChange();
    };
    this.#hash = new ContentHash(read, onHashed, onRead);
  }

  /** Of a stream what was taken of it; all of it once it is complete. */
  get sizeBytes(): number {
    return this.#source.isSizeKnown ? this.#source.sizeBytes : this.#takenBytes;
  }

  /** Content bytes taken so far, those before the offset not among them. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Why it cannot be sent on, or undefined. */
  get error(): TransferError | undefined {
    return this.#error;
  }

  /** All was taken, and what was skipped is still being read for its hash. */
  get isChecking(): boolean {
    return this.#readAhead.isFinished && !this.#isHashed;
  }

  /** All was taken and hashed, and the source is as it was when it was opened. */
  get isComplete(): boolean {
    return this.#check === 'passed' && this.#readAhead.isFinished && this.#isHashed;
  }

  /** SHA-256 of the content; only when it is complete. */
  get digest(): Uint8Array {
    return this.#hash.digest;
  }

  start(): void {
    this.#readAhead.start();
    this.#hash.follow(this.#source.sizeBytes);
    this.#look();
  }

  /** The next content, at most `limitBytes`; undefined when none is read. */
  take(limitBytes: number): Uint8Array | undefined {
    const content = this.#readAhead.take(limitBytes);
    if (content === undefined) return undefined;
    this.#hash.update(content);
    this.#takenBytes += content.length;
    return content;
  }

  /** Whether `takeWhole` may be called; undefined while that is not known. */
  get isWholeReady(): boolean | undefined {
    const isInOneChunk = this.#readAhead.isInOneChunk;
    if (isInOneChunk !== true || this.#hash.isFollowing) return isInOneChunk;
    return this.#check === 'passed' || undefined;
  }

  /** All content at once: it is complete then. */
  takeWhole(): Uint8Array {
    return this.take(this.#source.sizeBytes) ?? NOTHING;
  }

  /** What was taken last now stands in the stream, which ends at `streamEndBytes`. */
  onWritten(streamEndBytes: number): void {
    this.#readAhead.onWritten(streamEndBytes);
  }

  /** The stream refers to nothing before `freeBytes`. */
  recycle(freeBytes: number): void {
    this.#readAhead.recycle(freeBytes);
  }

  async close(): Promise<void> {
    this.#readAhead.stop();
    await this.#hash.stop();
    // Whatever closing a file that was only read says, nothing is lost by it.
    await this.#source.close().catch(() => undefined);
  }

  get #isHashed(): boolean {
    return this.#hash.hashedBytes === this.sizeBytes;
  }

  #look(): void {
    const error = this.#readAhead.error ?? this.#hash.error;
    if (error !== undefined) {
      this.#error = asTransferError(error);
    } else if (this.#readAhead.isShort || this.#hash.isShort) {
      this.#error = sourceChanged();
    } else if (this.#readAhead.isAllRead && this.#isAllHashedOrPassing && this.#check === 'none') {
      this.#check = 'running';
      void this.#lookAgain();
    }
  }

  /** What passes by is hashed as it is taken, after the last look at the source. */
  get #isAllHashedOrPassing(): boolean {
    return !this.#hash.isFollowing || this.#isHashed;
  }

  /** Behind the last read: a source that changes from here on was sent as it was. */
  async #lookAgain(): Promise<void> {
    try {
      if (await this.#source.isUnchanged()) this.#check = 'passed';
      else this.#error = sourceChanged();
    } catch (cause) {
      this.#error = asTransferError(cause);
    }
    this.#onChange();
  }
}

const NOTHING = new Uint8Array(0);

export function sourceChanged(): TransferError {
  return new TransferError('source-changed', 'the source changed while being sent');
}
