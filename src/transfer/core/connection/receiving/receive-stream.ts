import assert from 'node:assert/strict';
import { RangeSet } from '../../recovery/range-set.ts';
import { type SegmentPool, SEGMENT_BYTES } from './segment-pool.ts';

/** What became of the bytes of one packet. */
export type ReceiveVerdict = 'taken' | 'violation';

/** More gaps than this in one stream are a peer's attempt to make us remember (DESIGN §9). */
export const MAX_STREAM_GAPS = 16_384;

/**
 * The receiving half of a stream: bytes land at their offset in segments and are read in order.
 *
 * Invariant: nothing is stored beyond `creditOffset`, so memory is bounded by what was granted, and
 * received bytes are never dropped for want of it.
 */
export class ReceiveStream {
  readonly #pool: SegmentPool;
  readonly #segments: Map<number, Uint8Array> = new Map();
  readonly #received = new RangeSet();
  #readOffset = 0;
  #finalOffset: number | undefined;
  #creditOffset: number;

  constructor(pool: SegmentPool, creditOffset: number) {
    this.#pool = pool;
    this.#creditOffset = creditOffset;
  }

  /** Bytes the peer may send up to; absolute, never shrinks. */
  get creditOffset(): number {
    return this.#creditOffset;
  }

  /** Bytes consumed by the application. */
  get readOffset(): number {
    return this.#readOffset;
  }

  /** End of what can be read in order. */
  get contiguousEnd(): number {
    return this.#received.isEmpty || this.#received.start(0) > 0 ? 0 : this.#received.end(0);
  }

  get readableBytes(): number {
    return Math.max(0, this.contiguousEnd - this.#readOffset);
  }

  /** The peer's FIN and all before it were consumed. */
  get isReadFinished(): boolean {
    return this.#finalOffset === this.#readOffset;
  }

  /** The peer's FIN and all before it have arrived. */
  get isComplete(): boolean {
    return this.#finalOffset !== undefined && this.contiguousEnd === this.#finalOffset;
  }

  /** Whether everything up to the credit has arrived: the peer cannot send more. */
  get isCreditUsedUp(): boolean {
    return this.contiguousEnd >= this.#creditOffset;
  }

  raiseCredit(creditOffset: number): void {
    assert(creditOffset >= this.#creditOffset, 'credit never shrinks');
    this.#creditOffset = creditOffset;
  }

  /** Stores `payload[from…]` at `offset`. */
  onData(offset: number, datagram: Uint8Array, from: number, isFin: boolean): ReceiveVerdict {
    const end = offset + datagram.length - from;
    if (end > this.#creditOffset) return 'violation';
    if (this.#finalOffset !== undefined && end > this.#finalOffset) return 'violation';
    if (isFin) {
      if (this.#finalOffset !== undefined && this.#finalOffset !== end) return 'violation';
      if (!this.#received.isEmpty && this.#received.last >= end) return 'violation';
      this.#finalOffset = end;
    }
    if (end <= this.#readOffset || end === offset) return 'taken';
    // Bytes that came first stay: what is read already must not change, nor be stored where
    // segments are gone.
    this.#received.forEachGap(offset, end, (start, gapEnd) => {
      this.#store(start, datagram, from + start - offset, gapEnd - start);
    });
    this.#received.insert(offset, end);
    return this.#received.rangeCount > MAX_STREAM_GAPS ? 'violation' : 'taken';
  }

  #store(offset: number, datagram: Uint8Array, from: number, length: number): void {
    while (length > 0) {
      const index = Math.floor(offset / SEGMENT_BYTES);
      const within = offset - index * SEGMENT_BYTES;
      const part = Math.min(length, SEGMENT_BYTES - within);
      let segment = this.#segments.get(index);
      if (segment === undefined) {
        segment = this.#pool.take();
        this.#segments.set(index, segment);
      }
      segment.set(datagram.subarray(from, from + part), within);
      offset += part;
      from += part;
      length -= part;
    }
  }

  /** The next unread bytes that lie in one segment. */
  peek(): Uint8Array {
    const readable = this.readableBytes;
    if (readable <= 0) return NOTHING;
    const index = Math.floor(this.#readOffset / SEGMENT_BYTES);
    const within = this.#readOffset - index * SEGMENT_BYTES;
    const end = Math.min(SEGMENT_BYTES, within + readable);
    return this.#segments.get(index)!.subarray(within, end);
  }

  consume(byteCount: number): void {
    assert(byteCount >= 0 && byteCount <= this.readableBytes, 'only readable bytes are consumed');
    const before = Math.floor(this.#readOffset / SEGMENT_BYTES);
    this.#readOffset += byteCount;
    const after = Math.floor(this.#readOffset / SEGMENT_BYTES);
    for (let index = before; index < after; index++) this.#giveBack(index);
  }

  /**
   * Lets all memory go; nothing may be stored afterwards. The segments are not reused: somebody may
   * still hold a view of them.
   */
  abandon(): void {
    this.#pool.forget(this.#segments.size);
    this.#segments.clear();
    this.#received.clear();
    if (!this.isReadFinished) this.#finalOffset = undefined;
  }

  #giveBack(index: number): void {
    const segment = this.#segments.get(index);
    if (segment === undefined) return;
    this.#segments.delete(index);
    this.#pool.give(segment);
  }
}

const NOTHING = new Uint8Array(0);
