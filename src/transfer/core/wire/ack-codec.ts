import assert from 'node:assert/strict';
import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from './bytes.ts';
import { MAX_ACK_RANGES } from './packet.ts';
import { expandPacketNumber } from './packet-number.ts';

/**
 * ACK:
 *
 * ```
 *  0         4         8            12             16             22              26               30
 *  | ackSeq  | largest | ackDelayUs | receivedAtUs | creditOffset | receivedCount | socketShare    | ranges …
 *    u32       u32       u32          u32            u48            u32             u32
 * ```
 *
 * Ranges newest first: the length of the first, which ends with `largest`; then again and again the
 * gap below it (packets not received) and the length of the next. Each is a u16 of at least 1; a
 * value of 65,535 adds that much, and the same field goes on in the next u16. No ranges at all is
 * an ACK that only brings news of credit: all that arrived is known and forgotten.
 */
export interface AckFields {
  /** Full number on both sides; counts the ACKs of this direction. */
  readonly ackSeq: number;
  /** Full number of the newest packet received. */
  readonly largest: number;
  /** From the arrival of `largest` to the sending of this ACK. */
  readonly ackDelayUs: number;
  /** When `largest` arrived, from the connection's start, modulo 2^32. */
  readonly receivedAtUs: number;
  /** End of what the other side may send, absolute in its stream. */
  readonly creditOffset: number;
  /** Numbered packets seen for the first time up to the arrival of `largest`, modulo 2^32. */
  readonly receivedCount: number;
  /** What may stand in this side's socket buffer for one connection. */
  readonly socketShareBytes: number;
}

/** What the codec needs to know of a set of received packet numbers. */
export interface DescendingRanges {
  /** Half-open ranges, newest first, disjoint, not adjacent; `visit` returns false to stop. */
  forEachDescending(visit: (start: number, end: number) => boolean): void;
}

const FIXED_BYTES = 30;
const CONTINUED = 0xffff;

function fieldBytes(value: number): number {
  return 2 * (Math.floor(value / CONTINUED) + 1);
}

/** Writes ranges into the buffer it was given; one instance serves every ACK. */
class RangeWriter {
  #buffer: Uint8Array = new Uint8Array(0);
  #at = 0;
  #limit = 0;
  #rangeCount = 0;
  /** Where the next range would end if it were adjacent to the one written last. */
  #below = 0;

  write(
    buffer: Uint8Array,
    at: number,
    limit: number,
    largest: number,
    ranges: DescendingRanges,
  ): number {
    this.#buffer = buffer;
    this.#at = at;
    this.#limit = limit;
    this.#rangeCount = 0;
    this.#below = largest + 1;
    ranges.forEachDescending(this.#visit);
    return this.#at;
  }

  readonly #visit = (start: number, end: number): boolean => {
    if (this.#rangeCount === 0) {
      assert(end === this.#below, 'the newest range ends with the largest packet number');
      const roomFields = Math.floor((this.#limit - this.#at) / 2);
      // Only the newest part of a first range that would not fit even alone.
      this.#put(Math.min(end - start, roomFields * CONTINUED - 1));
    } else {
      const gap = this.#below - end;
      assert(gap > 0, 'ranges come newest first and never touch');
      const bytes = fieldBytes(gap) + fieldBytes(end - start);
      if (this.#at + bytes > this.#limit) return false;
      this.#put(gap);
      this.#put(end - start);
    }
    this.#below = start;
    this.#rangeCount++;
    return this.#rangeCount < MAX_ACK_RANGES;
  };

  #put(value: number): void {
    let rest = value;
    while (rest >= CONTINUED) {
      writeU16(this.#buffer, this.#at, CONTINUED);
      this.#at += 2;
      rest -= CONTINUED;
    }
    writeU16(this.#buffer, this.#at, rest);
    this.#at += 2;
  }
}

const rangeWriter = new RangeWriter();

/**
 * Writes as many of the newest ranges as fit a datagram of `limit` bytes, at most
 * `MAX_ACK_RANGES`. The newest range, if there is one, must end at `largest + 1`.
 */
export function encodeAck(
  buffer: Uint8Array,
  at: number,
  limit: number,
  fields: AckFields,
  ranges: DescendingRanges,
): number {
  assert(limit >= at + FIXED_BYTES + 2 && limit <= buffer.length, 'an ACK has room for a range');
  writeU32(buffer, at, fields.ackSeq);
  writeU32(buffer, at + 4, fields.largest);
  writeU32(buffer, at + 8, fields.ackDelayUs);
  writeU32(buffer, at + 12, fields.receivedAtUs);
  writeU48(buffer, at + 16, fields.creditOffset);
  writeU32(buffer, at + 22, fields.receivedCount);
  writeU32(buffer, at + 26, fields.socketShareBytes);
  return rangeWriter.write(buffer, at + FIXED_BYTES, limit, fields.largest, ranges);
}

/** Room for one decoded ACK, made once and filled again and again by `decodeAck`. */
export class DecodedAck implements AckFields {
  ackSeq = 0;
  largest = 0;
  ackDelayUs = 0;
  receivedAtUs = 0;
  creditOffset = 0;
  receivedCount = 0;
  socketShareBytes = 0;
  /** How many of the entries below count. */
  rangeCount = 0;
  /** Full numbers, newest range first, half-open; range 0 ends at `largest + 1`. */
  readonly rangeStarts: Float64Array = new Float64Array(MAX_ACK_RANGES);
  readonly rangeEnds: Float64Array = new Float64Array(MAX_ACK_RANGES);
}

/**
 * Fills `into`; `largest` and `ackSeq` are expanded to the full numbers nearest to those expected.
 * False when malformed, and then `into` holds nothing of use: a length or gap of zero, a range
 * below 0, more than `MAX_ACK_RANGES`, a gap without a range, a field cut short.
 */
export function decodeAck(
  datagram: Uint8Array,
  at: number,
  expectedLargest: number,
  expectedAckSeq: number,
  into: DecodedAck,
): boolean {
  if (datagram.length < at + FIXED_BYTES) return false;
  into.ackSeq = expandPacketNumber(readU32(datagram, at), expectedAckSeq);
  into.largest = expandPacketNumber(readU32(datagram, at + 4), expectedLargest);
  into.ackDelayUs = readU32(datagram, at + 8);
  into.receivedAtUs = readU32(datagram, at + 12);
  into.creditOffset = readU48(datagram, at + 16);
  into.receivedCount = readU32(datagram, at + 22);
  into.socketShareBytes = readU32(datagram, at + 26);
  return decodeRanges(datagram, at + FIXED_BYTES, into);
}

function decodeRanges(datagram: Uint8Array, at: number, into: DecodedAck): boolean {
  let below = into.largest + 1;
  let isGap = false;
  let value = 0;
  into.rangeCount = 0;
  for (let next = at; next < datagram.length; next += 2) {
    if (next + 2 > datagram.length) return false;
    const part = readU16(datagram, next);
    value += part;
    if (part === CONTINUED) continue;
    if (value === 0 || value > below) return false;
    if (!isGap) {
      if (into.rangeCount === MAX_ACK_RANGES) return false;
      into.rangeStarts[into.rangeCount] = below - value;
      into.rangeEnds[into.rangeCount] = below;
      into.rangeCount++;
    }
    below -= value;
    value = 0;
    isGap = !isGap;
  }
  // Whole only right after a length (a gap would come next), or when there are no ranges.
  return value === 0 && (isGap || into.rangeCount === 0);
}
