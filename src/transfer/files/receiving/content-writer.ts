import assert from 'node:assert/strict';
import type { ContentShare } from '../content-memory.ts';

/** Whole segments of one file that wait for the disk; then it reads no more from the network. */
export const MAX_PENDING_SEGMENTS = 4;

export interface ContentWriterOptions {
  /** Puts a segment behind the last one. */
  readonly write: (segment: Uint8Array) => Promise<void>;
  /** What comes, at most. */
  readonly sizeBytes: number;
  /** The transfer's part of the memory for content. */
  readonly share: ContentShare;
  /** Called after each write: there is room, all is written, or it failed. */
  readonly onChange: () => void;
  /** Does not wait for a segment to be full while nothing is being written. */
  readonly isPrompt: boolean;
}

/**
 * Gathers received content into segments and writes each whole, in order, one call at a time: what
 * is on the disk is always a beginning of the file, without holes.
 *
 * Memory, of the transfer's share: `MAX_PENDING_SEGMENTS` and the one being filled; where the share has
 * less room, one that waits and that.
 */
export class ContentWriter {
  readonly #options: ContentWriterOptions;
  /** Whole segments in order; the first is being written. */
  readonly #pending: Filled[] = [];
  #expectedBytes: number;
  #filling: Uint8Array | undefined;
  #filledBytes = 0;
  #isWriting = false;
  #error: unknown;
  #onIdle: () => void = () => undefined;

  constructor(options: ContentWriterOptions) {
    this.#options = options;
    this.#expectedBytes = options.sizeBytes;
  }

  /** One more record of any length may be appended. */
  get hasRoom(): boolean {
    if (this.#error !== undefined) return false;
    if (this.#pending.length === 0) return true;
    return this.#pending.length < MAX_PENDING_SEGMENTS && this.#options.share.hasRoom;
  }

  /** Why writing failed, or undefined; nothing is written after it. */
  get error(): unknown {
    return this.#error;
  }

  /** Bytes of memory that hold content. */
  get heldBytes(): number {
    const pendingBytes = this.#pending.reduce((sum, { segment }) => sum + segment.length, 0);
    return pendingBytes + (this.#filling?.length ?? 0);
  }

  /** Copies `content` (at most a record); only when there is room. */
  append(content: Uint8Array): void {
    assert(this.hasRoom, 'content is appended only when there is room');
    assert(content.length <= this.#expectedBytes, 'no more content than was announced');
    let from = 0;
    while (from < content.length) {
      // The last segment of a small file is no larger than the file.
      this.#filling ??= this.#options.share.take(this.#expectedBytes, true)!;
      const part = Math.min(content.length - from, this.#filling.length - this.#filledBytes);
      this.#filling.set(content.subarray(from, from + part), this.#filledBytes);
      this.#filledBytes += part;
      this.#expectedBytes -= part;
      from += part;
      if (this.#filledBytes === this.#filling.length) this.flush();
    }
    if (this.#options.isPrompt && !this.#isWriting) this.flush();
  }

  /** Writes also what does not fill a segment. */
  flush(): void {
    if (this.#filling !== undefined && this.#filledBytes > 0) {
      this.#pending.push({ segment: this.#filling, filledBytes: this.#filledBytes });
    }
    this.#filling = undefined;
    this.#filledBytes = 0;
    if (!this.#isWriting && this.#pending.length > 0 && this.#error === undefined) {
      this.#isWriting = true;
      void this.#writePending();
    }
  }

  /** Writes what was appended; resolves when that is done or has failed. */
  async drain(): Promise<void> {
    this.flush();
    if (this.#isWriting) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    if (this.#error !== undefined) this.#dropPending();
  }

  async #writePending(): Promise<void> {
    const { write, share, onChange } = this.#options;
    for (;;) {
      const { segment, filledBytes } = this.#pending[0]!;
      try {
        await write(segment.subarray(0, filledBytes));
        this.#pending.shift();
        share.release(segment);
        share.recycle(segment);
      } catch (error) {
        this.#error = error;
        this.#dropPending();
      }
      if (this.#pending.length === 0) break;
      onChange();
    }
    this.#isWriting = false;
    if (this.#options.isPrompt && this.#filledBytes > 0 && this.#error === undefined) {
      this.flush();
      onChange();
      return;
    }
    onChange();
    this.#tellIdle();
  }

  /** Unless more was appended while the last write was told of: its writing has begun. */
  #tellIdle(): void {
    if (!this.#isWriting) this.#onIdle();
  }

  #dropPending(): void {
    for (const { segment } of this.#pending) this.#options.share.release(segment);
    this.#pending.length = 0;
  }
}

interface Filled {
  readonly segment: Uint8Array;
  readonly filledBytes: number;
}
