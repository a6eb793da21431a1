import assert from 'node:assert/strict';
import { RangeSet } from '../../recovery/range-set.ts';
import { PacketKind, PacketState, type SentPackets } from '../../recovery/sent-packets.ts';
import type { SendHold } from '../connection-stats.ts';

/** What one packet carries of a stream. */
export interface StreamSlice {
  offset: number;
  length: number;
  isFin: boolean;
}

/**
 * The sending half of a stream: bytes by offset, kept until acknowledged.
 *
 * ```
 *  0 ......... acknowledged ......... sentEnd ......... written
 *  | released | in flight, lost or    | not yet sent   |
 *  |          | acknowledged apart    |                |
 * ```
 *
 * Invariant: every byte below `sentEnd` is acknowledged, in some packet in flight, or in the lost
 * ranges: no byte is forgotten. Chunks are not copied; they are let go when all is acknowledged.
 */
export class SendStream {
  /** Chunks in order; those before `#firstChunk` are released. */
  #chunks: Uint8Array[] = [];
  #chunkStarts: number[] = [];
  #firstChunk = 0;
  /** Where the last copy ended, so that sending in order never searches. */
  #cursorChunk = 0;
  #written = 0;
  #sentEnd = 0;
  /** Highest offset the peer lets us send; absolute, never shrinks. */
  #creditOffset: number;
  readonly #acked = new RangeSet();
  readonly #lost = new RangeSet();
  #isFinished = false;
  #finState: 'none' | 'due' | 'inFlight' | 'acked' = 'none';
  #retransmittedBytes = 0;
  #duplicatedBytes = 0;

  constructor(creditOffset: number) {
    this.#creditOffset = creditOffset;
  }

  get written(): number {
    return this.#written;
  }

  get sentEnd(): number {
    return this.#sentEnd;
  }

  get creditOffset(): number {
    return this.#creditOffset;
  }

  get unsentBytes(): number {
    return this.#written - this.#sentEnd;
  }

  /** Sent again because their packet was declared lost, or by a probe. */
  get retransmittedBytes(): number {
    return this.#retransmittedBytes;
  }

  /** Sent twice at the end of turns, before anybody missed them. */
  get duplicatedBytes(): number {
    return this.#duplicatedBytes;
  }

  /** Bytes acknowledged from the start without a gap. */
  get acknowledged(): number {
    return this.#acked.isEmpty || this.#acked.start(0) > 0 ? 0 : this.#acked.end(0);
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** All that was written, and FIN where `finish` was called, is acknowledged. */
  get isAcknowledged(): boolean {
    return this.acknowledged === this.#written && (!this.#isFinished || this.#finState === 'acked');
  }

  /** Something can be sent now as far as credit goes. */
  get hasSlice(): boolean {
    return !this.#lost.isEmpty || this.#finIsDue || this.#sendableEnd > this.#sentEnd;
  }

  /** Only credit is missing: for bytes that wait, or for whoever may still write and has no room. */
  get isBlockedByCredit(): boolean {
    if (this.#creditOffset > this.#sentEnd) return false;
    return this.#written > this.#sentEnd || !this.isFinished;
  }

  /** What sending waits for now. */
  get hold(): SendHold {
    if (this.hasSlice) return 'path';
    return this.isBlockedByCredit ? 'credit' : 'source';
  }

  /** Nothing sent for the first time may follow what was sent so far. */
  get isAllSent(): boolean {
    return this.#sentEnd === this.#written && this.#finState !== 'due';
  }

  get #sendableEnd(): number {
    return Math.min(this.#written, this.#creditOffset);
  }

  /** FIN needs no credit, but goes only behind the last byte. */
  get #finIsDue(): boolean {
    return this.#finState === 'due' && this.#sentEnd === this.#written;
  }

  write(chunk: Uint8Array): void {
    assert(!this.#isFinished, 'nothing is written behind FIN');
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#chunkStarts.push(this.#written);
    this.#written += chunk.length;
  }

  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#finState = 'due';
  }

  /** True when that lets more be sent than before. */
  raiseCredit(creditOffset: number): boolean {
    if (creditOffset <= this.#creditOffset) return false;
    this.#creditOffset = creditOffset;
    return true;
  }

  /**
   * Takes what the next packet should carry into `slice`: what was lost first, then new bytes, FIN
   * with the last of them. False when there is nothing that credit lets through.
   */
  takeSlice(maxLength: number, slice: StreamSlice): boolean {
    if (!this.#lost.isEmpty) {
      const start = this.#lost.start(0);
      const end = Math.min(this.#lost.end(0), start + maxLength);
      this.#lost.remove(start, end);
      this.#fill(slice, start, end);
      this.#retransmittedBytes += end - start;
      return true;
    }
    const end = Math.min(this.#sendableEnd, this.#sentEnd + maxLength);
    if (end === this.#sentEnd && !this.#finIsDue) return false;
    const start = this.#sentEnd;
    this.#sentEnd = end;
    this.#fill(slice, start, end);
    return true;
  }

  /**
   * The oldest bytes that are not acknowledged, though they may be in flight: for probes. False when
   * all that was sent is acknowledged.
   */
  repeatOldest(maxLength: number, slice: StreamSlice): boolean {
    const start = this.acknowledged;
    if (start >= this.#sentEnd) {
      if (this.#finState !== 'inFlight') return false;
      this.#fill(slice, start, start);
      return true;
    }
    const gapEnd = this.#acked.firstStartAtOrAfter(start + 1);
    const end = Math.min(start + maxLength, this.#sentEnd, gapEnd);
    this.#lost.remove(start, end);
    this.#fill(slice, start, end);
    this.#retransmittedBytes += end - start;
    return true;
  }

  /**
   * What is left of a slice that is in flight, once more; false when it is acknowledged. Its beginning
   * may be acknowledged by another packet, and its bytes let go.
   */
  repeat(offset: number, length: number, slice: StreamSlice): boolean {
    const end = offset + length;
    const isFinOpen = this.#finState === 'inFlight' && end === this.#written;
    if (this.#acked.covers(offset, end) && !isFinOpen) return false;
    const start = Math.min(end, Math.max(offset, this.acknowledged));
    this.#lost.remove(start, end);
    this.#fill(slice, start, end);
    this.#duplicatedBytes += end - start;
    return true;
  }

  #fill(slice: StreamSlice, start: number, end: number): void {
    slice.offset = start;
    slice.length = end - start;
    slice.isFin = this.#isFinished && end === this.#written && this.#finState !== 'acked';
    if (slice.isFin) this.#finState = 'inFlight';
  }

  /** Copies `length` stream bytes from `offset` into `target` at `at`. */
  copyInto(target: Uint8Array, at: number, offset: number, length: number): void {
    assert(offset >= this.acknowledged, 'acknowledged bytes are not sent again');
    let index = this.#chunkAt(offset);
    let from = offset - this.#chunkStarts[index]!;
    let left = length;
    while (left > 0) {
      const chunk = this.#chunks[index]!;
      const part = Math.min(left, chunk.length - from);
      target.set(chunk.subarray(from, from + part), at);
      at += part;
      left -= part;
      from = 0;
      if (left > 0) index++;
    }
    this.#cursorChunk = index;
  }

  #chunkAt(offset: number): number {
    const starts = this.#chunkStarts;
    for (let index = this.#cursorChunk; index <= this.#cursorChunk + 1; index++) {
      const start = starts[index];
      if (start === undefined || start > offset) break;
      if (offset < start + this.#chunks[index]!.length) return index;
    }
    let low = this.#firstChunk;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  onAcked(offset: number, length: number, isFin: boolean): void {
    if (isFin) this.#finState = 'acked';
    if (length === 0) return;
    this.#acked.insert(offset, offset + length);
    if (!this.#lost.isEmpty) this.#lost.remove(offset, offset + length);
    if (this.acknowledged > offset) this.#release();
  }

  onLost(offset: number, length: number, isFin: boolean): void {
    if (isFin && this.#finState === 'inFlight') this.#finState = 'due';
    if (length === 0) return;
    this.#acked.forEachGap(offset, offset + length, (start, end) => {
      this.#lost.insert(start, end);
    });
  }

  /**
   * Fails when a byte, or FIN, is forgotten: neither acknowledged, nor queued, nor in a packet that is
   * in flight. Looks at all of these: for tests.
   */
  audit(sent: SentPackets): void {
    const known = new RangeSet();
    let isFinInFlight = false;
    for (let index = 0; index < this.#lost.rangeCount; index++) {
      known.insert(this.#lost.start(index), this.#lost.end(index));
    }
    for (let number = sent.oldest; number < sent.nextNumber; number++) {
      if (sent.state(number) !== PacketState.inFlight) continue;
      if (sent.kind(number) !== PacketKind.data) continue;
      const offset = sent.offset(number);
      const length = sent.payloadBytes(number);
      if (length > 0) known.insert(offset, offset + length);
      if (sent.isFin(number)) isFinInFlight = true;
    }
    this.#acked.forEachGap(0, this.#sentEnd, (start, end) => {
      assert(known.covers(start, end), 'no byte is forgotten');
    });
    assert(this.#finState !== 'inFlight' || isFinInFlight, 'FIN is not forgotten');
    assert(this.#sentEnd <= this.#creditOffset, 'credit is never exceeded');
  }

  #release(): void {
    const edge = this.acknowledged;
    while (this.#firstChunk < this.#chunks.length) {
      const chunk = this.#chunks[this.#firstChunk]!;
      if (this.#chunkStarts[this.#firstChunk]! + chunk.length > edge) break;
      this.#chunks[this.#firstChunk] = RELEASED;
      this.#firstChunk++;
    }
    if (this.#firstChunk >= 1024 && this.#firstChunk * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#firstChunk);
      this.#chunkStarts = this.#chunkStarts.slice(this.#firstChunk);
      this.#cursorChunk = Math.max(0, this.#cursorChunk - this.#firstChunk);
      this.#firstChunk = 0;
    } else {
      this.#cursorChunk = Math.max(this.#cursorChunk, this.#firstChunk);
    }
  }
}

/** Stands in place of a chunk that was let go. */
const RELEASED = new Uint8Array(0);
