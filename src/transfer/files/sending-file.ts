import { createHash } from 'node:crypto';
import type { SourceFile } from './disk.ts';
import { ReadAhead } from './read-ahead.ts';
import { asTransferError, TransferError } from './transfer-error.ts';

/**
 * The content of one source on its way into the stream: read ahead, hashed as it is taken, and looked
 * at once more behind its last byte. What was sent is one state of the file or is never called so.
 */
export class SendingFile {
  readonly #source: SourceFile;
  readonly #readAhead: ReadAhead;
  readonly #onChange: () => void;
  readonly #hash = createHash('sha256');
  #takenBytes = 0;
  #digest: Uint8Array | undefined;
  #check: 'none' | 'running' | 'passed' = 'none';
  #error: TransferError | undefined;

  /** @param onChange called when there is more to take, the end was reached, or it failed */
  constructor(source: SourceFile, onChange: () => void) {
    this.#source = source;
    this.#onChange = onChange;
    this.#readAhead = new ReadAhead(source, () => {
      this.#onRead();
      onChange();
    });
  }

  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }

  /** Content bytes taken so far. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Why it cannot be sent on, or undefined. */
  get error(): TransferError | undefined {
    return this.#error;
  }

  /** All was taken, and the source is as it was when it was opened. */
  get isComplete(): boolean {
    return this.#check === 'passed' && this.#readAhead.isFinished;
  }

  /** SHA-256 of the content; only when it is complete. */
  get digest(): Uint8Array {
    this.#digest ??= this.#hash.digest();
    return this.#digest;
  }

  start(): void {
    this.#readAhead.start();
    this.#onRead();
  }

  /** The next content, at most `limitBytes`; undefined when none is read. */
  take(limitBytes: number): Uint8Array | undefined {
    const content = this.#readAhead.take(limitBytes);
    if (content === undefined) return undefined;
    this.#hash.update(content);
    this.#takenBytes += content.length;
    return content;
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
    // Whatever closing a file that was only read says, nothing is lost by it.
    await this.#source.close().catch(() => undefined);
  }

  #onRead(): void {
    if (this.#readAhead.error !== undefined) {
      this.#error = asTransferError(this.#readAhead.error);
    } else if (this.#readAhead.isShort) {
      this.#error = sourceChanged();
    } else if (this.#readAhead.isAllRead && this.#check === 'none') {
      this.#check = 'running';
      void this.#lookAgain();
    }
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

function sourceChanged(): TransferError {
  return new TransferError('source-changed', 'the source changed while being sent');
}
