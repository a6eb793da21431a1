import assert from 'node:assert/strict';
import { SEGMENT_BYTES } from './disk.ts';

/** Whole segments a transfer that wait for the disk; then it reads no more from the network. */
export const MAX_PENDING_SEGMENTS = 4;

/**
 * Gathers received content into segments and writes each whole, in order, one call at a time: what
 * is on the disk is always a beginning of the file, without holes.
 *
 * Memory: `MAX_PENDING_SEGMENTS` and the one being filled. A prompt one does not wait for a segment to be
 * full while nothing is being written.
 */
export class ContentWriter {
  readonly #write: (segment: Uint8Array) => Promise<void>;
  readonly #onChange: () => void;
  readonly #isPrompt: boolean;
  /** Whole segments in order; the first is being written. */
  readonly #pending: Uint8Array[] = [];
  readonly #idle: Uint8Array[] = [];
  #expectedBytes: number;
  #filling: Uint8Array | undefined;
  #filledBytes = 0;
  #isWriting = false;
  #error: unknown;
  #onIdle: () => void = () => undefined;

  /**
   * @param write puts a segment behind the last one
   * @param onChange called after each write: there is room, all is written, or it failed
   */
  constructor(
    write: (segment: Uint8Array) => Promise<void>,
    sizeBytes: number,
    onChange: () => void,
    isPrompt = false,
  ) {
    this.#write = write;
    this.#expectedBytes = sizeBytes;
    this.#onChange = onChange;
    this.#isPrompt = isPrompt;
  }

  /** One more record of any length may be appended. */
  get hasRoom(): boolean {
    return this.#pending.length < MAX_PENDING_SEGMENTS && this.#error === undefined;
  }

  /** Why writing failed, or undefined; nothing is written after it. */
  get error(): unknown {
    return this.#error;
  }

  /** Bytes of memory that hold content. */
  get heldBytes(): number {
    const pendingBytes = this.#pending.reduce((sum, { length }) => sum + length, 0);
    return pendingBytes + (this.#filling?.length ?? 0);
  }

  /** Copies `content` (at most a record); only when there is room. */
  append(content: Uint8Array): void {
    assert(this.hasRoom, 'content is appended only when there is room');
    assert(content.length <= this.#expectedBytes, 'no more content than was announced');
    let from = 0;
    while (from < content.length) {
      // The last segment of a small file is no larger than the file.
      this.#filling ??=
        this.#idle.pop() ?? new Uint8Array(Math.min(SEGMENT_BYTES, this.#expectedBytes));
      const part = Math.min(content.length - from, this.#filling.length - this.#filledBytes);
      this.#filling.set(content.subarray(from, from + part), this.#filledBytes);
      this.#filledBytes += part;
      this.#expectedBytes -= part;
      from += part;
      if (this.#filledBytes === this.#filling.length) this.flush();
    }
    if (this.#isPrompt && !this.#isWriting) this.flush();
  }

  /** Writes also what does not fill a segment. */
  flush(): void {
    if (this.#filling !== undefined && this.#filledBytes > 0) {
      this.#pending.push(this.#filling.subarray(0, this.#filledBytes));
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
  }

  async #writePending(): Promise<void> {
    for (;;) {
      const segment = this.#pending[0]!;
      try {
        await this.#write(segment);
        this.#pending.shift();
        const { buffer } = segment;
        if (buffer.byteLength === SEGMENT_BYTES && this.#idle.length < MAX_PENDING_SEGMENTS) {
          this.#idle.push(new Uint8Array(buffer));
        }
      } catch (error) {
        this.#error = error;
        this.#pending.length = 0;
      }
      if (this.#pending.length === 0) break;
      this.#onChange();
    }
    this.#isWriting = false;
    if (this.#isPrompt && this.#filledBytes > 0 && this.#error === undefined) {
      this.flush();
      this.#onChange();
      return;
    }
    this.#onChange();
    this.#onIdle();
  }
}
