import type { ContentShare } from '../content-memory.ts';
import type { SourceFile } from '../disk.ts';

/** Chunks of one file that are read and not yet written to the stream, if its transfer's share has room. */
export const READ_AHEAD_CHUNKS = 4;

interface Chunk {
  readonly buffer: Uint8Array;
  /** How much of `buffer` holds content. */
  length: number;
  /** How much of it was taken. */
  taken: number;
  /** End in the stream of its last record, once all was taken. */
  streamEndBytes: number;
}

/**
 * Reads a source ahead of the sender, in chunks that are read into again once the stream does not refer
 * to them: when they are acknowledged, or sealed.
 *
 * Memory: at most `READ_AHEAD_CHUNKS` that wait, from the transfer's share, and those in flight, which
 * the peer's credit bounds; never the file's size.
 */
export class ReadAhead {
  readonly #source: SourceFile;
  readonly #share: ContentShare;
  readonly #onChange: () => void;
  /** Read, not wholly taken; in order. */
  readonly #ready: Chunk[] = [];
  /** Wholly taken, not wholly free; in order. */
  readonly #inFlight: Chunk[] = [];
  #positionBytes: number;
  #unreadBytes: number;
  #isReading = false;
  #isStopped = false;
  #isShort = false;
  #error: unknown;

  /** @param onChange called after each read: there is more to take, an end, or an error */
  constructor(source: SourceFile, startBytes: number, share: ContentShare, onChange: () => void) {
    this.#source = source;
    this.#share = share;
    this.#onChange = onChange;
    this.#positionBytes = startBytes;
    this.#unreadBytes = source.isSizeKnown ? source.sizeBytes - startBytes : Infinity;
  }

  /** Why reading failed, or undefined. */
  get error(): unknown {
    return this.#error;
  }

  /** The source ended before its size, where it has one. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /** The last byte of the source was read. */
  get isAllRead(): boolean {
    return this.#unreadBytes === 0 && !this.#isReading;
  }

  /** All bytes of the source were taken. */
  get isFinished(): boolean {
    return this.isAllRead && this.#ready.length === 0;
  }

  /**
   * Whether all of the source lies in one chunk of which nothing was taken; undefined while it may come
   * to that.
   */
  get isInOneChunk(): boolean | undefined {
    const [chunk] = this.#ready;
    if (this.#inFlight.length > 0 || (chunk !== undefined && chunk.taken > 0)) return false;
    if (this.isAllRead) return this.#ready.length <= 1;
    return chunk === undefined ? undefined : false;
  }

  /** Chunks that hold content now, in flight or not. */
  get chunkCount(): number {
    return this.#ready.length + this.#inFlight.length + (this.#isReading ? 1 : 0);
  }

  /** Reads on as far as there is room; returns at once. */
  start(): void {
    if (this.#isReading || this.#isStopped || this.#unreadBytes === 0) return;
    if (this.#ready.length >= READ_AHEAD_CHUNKS) return;
    // Without room it is asked for again when the chunks that wait are written.
    const buffer = this.#share.take(this.#unreadBytes, this.#ready.length === 0);
    if (buffer === undefined) return;
    this.#isReading = true;
    void this.#readInto(buffer);
  }

  async #readInto(buffer: Uint8Array): Promise<void> {
    let length = 0;
    try {
      length = await this.#source.read(buffer, this.#positionBytes);
      this.#positionBytes += length;
      this.#unreadBytes -= length;
      if (length > 0) this.#ready.push({ buffer, length, taken: 0, streamEndBytes: 0 });
      else if (this.#source.isSizeKnown) this.#isShort = true;
      else this.#unreadBytes = 0;
    } catch (error) {
      this.#error = error;
    }
    this.#isReading = false;
    if (length === 0) this.#letGo(buffer);
    else if (this.#isStopped) this.#clear();
    if (this.#isShort || this.#error !== undefined) this.#isStopped = true;
    this.start();
    this.#onChange();
  }

  /** At most `limitBytes` of the next content, a view; undefined when none is read. */
  take(limitBytes: number): Uint8Array | undefined {
    const chunk = this.#ready[0];
    if (chunk === undefined) return undefined;
    const end = Math.min(chunk.length, chunk.taken + limitBytes);
    const taken = chunk.buffer.subarray(chunk.taken, end);
    chunk.taken = end;
    return taken;
  }

  /** What was taken last now stands in the stream, which ends at `streamEndBytes`. */
  onWritten(streamEndBytes: number): void {
    const chunk = this.#ready[0];
    if (chunk === undefined || chunk.taken < chunk.length) return;
    chunk.streamEndBytes = streamEndBytes;
    this.#ready.shift();
    this.#inFlight.push(chunk);
    this.#share.release(chunk.buffer);
    this.start();
  }

  /** The stream needs no chunk that ends at or before `freeBytes`: those are read into again. */
  recycle(freeBytes: number): void {
    while (this.#inFlight.length > 0 && this.#inFlight[0]!.streamEndBytes <= freeBytes) {
      this.#share.recycle(this.#inFlight.shift()!.buffer);
    }
  }

  /** No further read begins, and nothing is held for later. */
  stop(): void {
    this.#isStopped = true;
    this.#clear();
    this.#inFlight.length = 0;
  }

  #clear(): void {
    for (const { buffer } of this.#ready) this.#share.release(buffer);
    this.#ready.length = 0;
  }

  /** Nothing was read into it. */
  #letGo(buffer: Uint8Array): void {
    this.#share.release(buffer);
    this.#share.recycle(buffer);
  }
}
