import assert from 'node:assert/strict';
import { SEGMENT_BYTES } from './disk.ts';

/** Content between disk and stream that the transfers of an endpoint hold together. */
export const CONTENT_POOL_BYTES = 16_777_216;
/** What each file may hold, however little room there is. A file that goes in one record fits it. */
export const MIN_SEGMENT_BYTES = 65_536;
/** While one segment is read or written another one is sent or filled. */
const SEGMENTS_A_SHARE = 2;
/** Segments of nobody that are kept for the next one who needs one. */
export const MAX_IDLE_BYTES = 4_194_304;

/**
 * Memory for content on its way from or to the disk, shared by the transfers of an endpoint: the more
 * of them hold some, the less each may hold, and the smaller its segments are.
 *
 * Bound: the pool, and beyond it what each file needs to go on at all, which it always gets, so that
 * none waits for another: `MIN_SEGMENT_BYTES` to be read, twice that to be written. What was granted is
 * not taken back: a share that has become smaller is kept to from the next segment on.
 */
export class ContentMemory {
  readonly #poolBytes: number;
  /** All of one length. */
  #idle: Uint8Array[] = [];
  #heldBytes = 0;
  #memberCount = 0;

  constructor(poolBytes: number = CONTENT_POOL_BYTES) {
    this.#poolBytes = poolBytes;
  }

  /** What all transfers hold now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get idleBytes(): number {
    return this.#idle.length * (this.#idle[0]?.length ?? 0);
  }

  /** Transfers that have begun to hold content and are not over. */
  get memberCount(): number {
    return this.#memberCount;
  }

  /** What one transfer may hold while there are as many as now. */
  get shareBytes(): number {
    return Math.floor(this.#poolBytes / Math.max(1, this.#memberCount));
  }

  /** Length of a segment that is begun now. */
  get segmentBytes(): number {
    const atMostBytes = this.shareBytes / SEGMENTS_A_SHARE;
    let bytes = SEGMENT_BYTES;
    while (bytes > MIN_SEGMENT_BYTES && bytes > atMostBytes) bytes /= 2;
    return bytes;
  }

  /** Room for so much more beside what all hold. */
  hasRoom(byteCount: number): boolean {
    return this.#heldBytes + byteCount <= this.#poolBytes;
  }

  /** The part of one transfer, which counts from its first segment to its `close`. */
  share(): ContentShare {
    return new ContentShare(this);
  }

  join(): void {
    this.#memberCount++;
  }

  leave(): void {
    this.#memberCount--;
  }

  hold(byteCount: number): void {
    this.#heldBytes += byteCount;
    assert(this.#heldBytes >= 0, 'only what is held is let go');
  }

  /** Somebody's segment of so many bytes that is needed no more. */
  takeIdle(bytes: number): Uint8Array | undefined {
    return this.#idle[0]?.length === bytes ? this.#idle.pop() : undefined;
  }

  keepIdle(segment: Uint8Array): void {
    if (segment.length !== this.segmentBytes) return;
    if (this.#idle[0]?.length !== segment.length) this.#idle = [];
    if (this.idleBytes + segment.length <= MAX_IDLE_BYTES) this.#idle.push(segment);
  }
}

/** What one transfer holds of the memory for content. */
export class ContentShare {
  readonly #memory: ContentMemory;
  #heldBytes = 0;
  #stand: 'new' | 'member' | 'closed' = 'new';

  constructor(memory: ContentMemory) {
    this.#memory = memory;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** What it may hold, but for the least that its files need. */
  get limitBytes(): number {
    return this.#memory.shareBytes;
  }

  /** Length of a segment that it begins now. */
  get segmentBytes(): number {
    return this.#memory.segmentBytes;
  }

  /** Whether one more segment fits its share and the pool. */
  get hasRoom(): boolean {
    return this.#fits(this.segmentBytes);
  }

  /**
   * A segment for the next bytes of a file that has so many left, no longer than these. Where there is no
   * room for it: one of the smallest if the file cannot go on without, else undefined.
   */
  take(leftBytes: number, isNeeded: boolean): Uint8Array | undefined {
    if (this.#stand === 'new') {
      this.#stand = 'member';
      this.#memory.join();
    }
    let bytes = this.segmentBytes;
    if (!this.#fits(Math.min(bytes, leftBytes))) {
      if (!isNeeded) return undefined;
      bytes = MIN_SEGMENT_BYTES;
    }
    this.#hold(Math.min(bytes, leftBytes));
    if (leftBytes < bytes) return new Uint8Array(leftBytes);
    return this.#memory.takeIdle(bytes) ?? new Uint8Array(bytes);
  }

  /** A segment holds no content for the disk or the stream any more, though this may still refer to it. */
  release(segment: Uint8Array): void {
    this.#hold(-segment.length);
  }

  /** A released segment that nobody refers to any more: whoever begins one next may have it. */
  recycle(segment: Uint8Array): void {
    this.#memory.keepIdle(segment);
  }

  /** The transfer is over: it holds nothing more. */
  close(): void {
    if (this.#stand === 'member') {
      this.#hold(-this.#heldBytes);
      this.#memory.leave();
    }
    this.#stand = 'closed';
  }

  #fits(byteCount: number): boolean {
    return this.#heldBytes + byteCount <= this.limitBytes && this.#memory.hasRoom(byteCount);
  }

  /** Nothing counts once it is closed: a read that ends behind that changes nothing. */
  #hold(byteCount: number): void {
    if (this.#stand !== 'member') return;
    this.#heldBytes += byteCount;
    this.#memory.hold(byteCount);
  }
}
