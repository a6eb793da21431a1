import { diskError } from './disk-error.ts';
import type { DiskHandle } from './disk-files.ts';

/** Content is made durable, and that noted, at least this often while it comes (DESIGN §8). */
export const CHECKPOINT_BYTES = 67_108_864;
export const CHECKPOINT_MS = 2_000;
/**
 * Content that may wait for a sync that runs. A disk slower than its cache would else gather minutes of work
 * for the last one, in which nothing seems to go on, and a kill would lose all of that.
 */
export const MAX_UNSYNCED_BYTES = 268_435_456;
/** Zeros of this length are left out where they would be written: the file has a hole there. */
export const SPARSE_BLOCK_BYTES = 65_536;

export interface DiskContentOptions {
  readonly handle: DiskHandle;
  /** How much of the file is there and is kept. */
  readonly startBytes: number;
  /** Notes that so much is durable. */
  readonly onDurable: (durableBytes: number) => Promise<void>;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
}

/**
 * The content of a file that is being received, from its open handle on: appended, with holes for
 * zeros, and synced beside that from time to time.
 */
export class DiskContent {
  readonly #handle: DiskHandle;
  readonly #onDurable: (durableBytes: number) => Promise<void>;
  readonly #nowMs: () => number;
  #writtenBytes: number;
  /** As long as the file is; less than `#writtenBytes` while it ends with a hole. */
  #lengthBytes: number;
  #durableBytes: number;
  #checkpointAtMs: number;
  #checkpoint: Promise<void> | undefined;
  #syncError: Error | undefined;

  constructor({ handle, startBytes, onDurable, nowMs }: DiskContentOptions) {
    this.#handle = handle;
    this.#onDurable = onDurable;
    this.#nowMs = nowMs;
    this.#writtenBytes = startBytes;
    this.#lengthBytes = startBytes;
    this.#durableBytes = startBytes;
    this.#checkpointAtMs = nowMs() + CHECKPOINT_MS;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  async append(segment: Uint8Array): Promise<void> {
    try {
      // What a failed sync has lost cannot be known.
      if (this.#syncError !== undefined) throw this.#syncError;
      let from = 0;
      while (from < segment.length) {
        const zeros = zeroBlocksAt(segment, from);
        if (zeros > 0) {
          from += zeros;
          this.#writtenBytes += zeros;
          continue;
        }
        const end = endOfData(segment, from);
        const { bytesWritten } = await this.#handle.write(
          segment,
          from,
          end - from,
          this.#writtenBytes,
        );
        from += bytesWritten;
        this.#writtenBytes += bytesWritten;
        this.#lengthBytes = this.#writtenBytes;
      }
      await this.#checkpointWhenDue();
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
  }

  async read(target: Uint8Array, positionBytes: number): Promise<number> {
    const length = Math.min(target.length, this.#writtenBytes - positionBytes);
    try {
      if (positionBytes >= this.#lengthBytes) {
        target.fill(0, 0, length);
        return length;
      }
      const { bytesRead } = await this.#handle.read(target, 0, length, positionBytes);
      return bytesRead;
    } catch (error) {
      throw diskError('the inbox cannot be read', error);
    }
  }

  /** Nothing of it is kept. */
  async restart(): Promise<void> {
    await this.#checkpoint;
    await this.#handle.truncate(0);
    this.#writtenBytes = 0;
    this.#lengthBytes = 0;
    this.#durableBytes = 0;
    await this.#onDurable(0);
  }

  /** Gives it its whole length, mode and time, and makes all that durable. */
  async finish(mode: number, mtimeNs: bigint): Promise<void> {
    await this.#checkpoint;
    await this.#extend();
    const mtimeSeconds = Number(mtimeNs) / 1e9;
    await this.#handle.chmod(mode);
    await this.#handle.utimes(mtimeSeconds, mtimeSeconds);
    await this.#handle.sync();
    if (this.#syncError !== undefined) throw this.#syncError;
  }

  /** Makes what was written durable and notes it. */
  async save(): Promise<void> {
    await this.#checkpoint;
    if (this.#syncError !== undefined || this.#durableBytes === this.#writtenBytes) return;
    await this.#extend();
    await this.#makeDurable();
  }

  /** No sync runs any more, and nothing is being noted. */
  async settle(): Promise<void> {
    await this.#checkpoint;
  }

  async close(): Promise<void> {
    await this.#checkpoint;
    // What counts was synced before: whatever closing says changes nothing of that.
    await this.#handle.close().catch(() => undefined);
  }

  async #extend(): Promise<void> {
    if (this.#lengthBytes >= this.#writtenBytes) return;
    await this.#handle.truncate(this.#writtenBytes);
    this.#lengthBytes = this.#writtenBytes;
  }

  /** Writing goes on meanwhile. */
  async #checkpointWhenDue(): Promise<void> {
    if (this.#writtenBytes - this.#durableBytes >= MAX_UNSYNCED_BYTES) await this.#checkpoint;
    if (this.#checkpoint !== undefined) return;
    const isDue =
      this.#writtenBytes - this.#durableBytes >= CHECKPOINT_BYTES ||
      this.#nowMs() >= this.#checkpointAtMs;
    if (!isDue) return;
    await this.#extend();
    this.#checkpoint = this.#makeDurable().then(() => {
      this.#checkpoint = undefined;
      this.#checkpointAtMs = this.#nowMs() + CHECKPOINT_MS;
    });
  }

  async #makeDurable(): Promise<void> {
    const writtenBytes = this.#writtenBytes;
    try {
      await this.#handle.datasync();
    } catch (error) {
      this.#syncError = diskError('the inbox cannot be written', error);
      return;
    }
    this.#durableBytes = writtenBytes;
    // A state that could not be written is an older one: more is sent again, and nothing is wrong.
    await this.#onDurable(writtenBytes).catch(() => undefined);
  }
}

const ZEROS = new Uint8Array(SPARSE_BLOCK_BYTES);

function isZeroBlock(segment: Uint8Array, from: number): boolean {
  const end = from + SPARSE_BLOCK_BYTES;
  if (end > segment.length || segment[from] !== 0 || segment[end - 1] !== 0) return false;
  return Buffer.compare(segment.subarray(from, end), ZEROS) === 0;
}

/** How many bytes of whole zero blocks begin here. */
function zeroBlocksAt(segment: Uint8Array, from: number): number {
  let end = from;
  while (isZeroBlock(segment, end)) end += SPARSE_BLOCK_BYTES;
  return end - from;
}

/** Where the next zero block begins, or the end. */
function endOfData(segment: Uint8Array, from: number): number {
  let end = from + SPARSE_BLOCK_BYTES;
  while (end < segment.length && !isZeroBlock(segment, end)) end += SPARSE_BLOCK_BYTES;
  return Math.min(end, segment.length);
}
