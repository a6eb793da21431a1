import { SEGMENT_BYTES, type SourceFile } from './disk.ts';

/** Chunks that are read and not yet written to the stream, or kept for the next read, a transfer. */
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
 * Memory: `READ_AHEAD_CHUNKS` that wait, as many idle ones, and those in flight, which the peer's
 * credit bounds; never the file's size.
 */
export class ReadAhead {
  readonly #source: SourceFile;
  readonly #onChange: () => void;
  /** Read, not wholly taken; in order. */
  readonly #ready: Chunk[] = [];
  /** Wholly taken, not wholly free; in order. */
  readonly #inFlight: Chunk[] = [];
  readonly #idle: Uint8Array[] = [];
  #positionBytes: number;
  #unreadBytes: number;
  #isReading = false;
  #isStopped = false;
  #isShort = false;
  #error: unknown;

  /** @param onChange called after each read: there is more to take, an end, or an error */
  constructor(source: SourceFile, startBytes: number, onChange: () => void) {
    this.#source = source;
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
    this.#isReading = true;
    void this.#readChunk();
  }

  async #readChunk(): Promise<void> {
    const wantedBytes = Math.min(SEGMENT_BYTES, this.#unreadBytes);
    // A small file takes a small buffer: many of them may be on their way at once.
    const buffer = this.#idle.pop() ?? new Uint8Array(wantedBytes);
    try {
      const target = buffer.subarray(0, wantedBytes);
      const length = await this.#source.read(target, this.#positionBytes);
      this.#positionBytes += length;
      this.#unreadBytes -= length;
      if (length > 0) this.#ready.push({ buffer, length, taken: 0, streamEndBytes: 0 });
      else if (this.#source.isSizeKnown) this.#isShort = true;
      else this.#unreadBytes = 0;
    } catch (error) {
      this.#error = error;
    }
    this.#isReading = false;
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
    this.start();
  }

  /** The stream needs no chunk that ends at or before `freeBytes`: those are read into again. */
  recycle(freeBytes: number): void {
    while (this.#inFlight.length > 0 && this.#inFlight[0]!.streamEndBytes <= freeBytes) {
      const { buffer } = this.#inFlight.shift()!;
      if (this.#idle.length < READ_AHEAD_CHUNKS && buffer.length === SEGMENT_BYTES) {
        this.#idle.push(buffer);
      }
    }
  }

  /** No further read begins, and nothing is held for later. */
  stop(): void {
    this.#isStopped = true;
    this.#ready.length = 0;
    this.#inFlight.length = 0;
    this.#idle.length = 0;
  }
}
