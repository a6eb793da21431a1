import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';

/** What became of a datagram at one place of its way. */
export const Fate = {
  sent: 0,
  delivered: 1,
  /** By independent loss. */
  lost: 2,
  /** By burst loss. */
  burst: 3,
  blackout: 4,
  /** Larger than the link's MTU. */
  tooBig: 5,
  queueDrop: 6,
  duplicated: 7,
  corrupted: 8,
  reordered: 9,
  /** No link leads there. */
  unroutable: 10,
  /** The receiver's kernel had no room. */
  socketDrop: 11,
} as const;
export type Fate = (typeof Fate)[keyof typeof Fate];

const fateNames = Object.keys(Fate);
/** By the low bits of the datagram's fifth byte. */
const typeNames = ['?', ...'OPEN OPEN_ACK DATA ACK MARK PING MTU_PROBE'.split(' ')].concat(
  'PATH_CHALLENGE PATH_RESPONSE CLOSE'.split(' '),
);
const TYPE_MASK = 0x3f;

/** Lines that a failure shows. */
export const TRACE_LINES = 200;
/** Directions that one trace tells apart: a record holds one in a byte. */
export const MAX_DIRECTIONS = 256;
const RECORD_BYTES = 20;
const HASH_CHUNK_RECORDS = 4096;

/**
 * What happened to datagrams: the last lines in a ring, to be shown by a failure, and, when
 * switched on, a SHA-256 over all of it, to compare two runs to the byte.
 */
export class Trace {
  readonly #ring = new DataView(new ArrayBuffer(TRACE_LINES * RECORD_BYTES));
  readonly #directions: string[] = [];
  readonly #hash: Hash | undefined;
  readonly #chunk = new Uint8Array(HASH_CHUNK_RECORDS * RECORD_BYTES);
  #chunkBytes = 0;
  #count = 0;

  /** Hashing costs about as much as a small packet. */
  constructor(isHashed: boolean) {
    this.#hash = isHashed ? createHash('sha256') : undefined;
  }

  get recordCount(): number {
    return this.#count;
  }

  /** Names a direction; its index stands in the records. */
  addDirection(name: string): number {
    assert(this.#directions.length < MAX_DIRECTIONS, 'a trace tells 256 directions apart');
    return this.#directions.push(name) - 1;
  }

  /** The first bytes of the datagram are its CRC, so that a record speaks of all its bytes. */
  record(
    atUs: number,
    direction: number,
    datagram: Uint8Array,
    lengthBytes: number,
    fate: Fate,
  ): void {
    const at = (this.#count++ % TRACE_LINES) * RECORD_BYTES;
    const ring = this.#ring;
    ring.setFloat64(at, atUs);
    ring.setUint8(at + 8, direction);
    ring.setUint8(at + 9, fate);
    ring.setUint16(at + 10, lengthBytes);
    ring.setUint8(at + 12, lengthBytes > 4 ? datagram[4]! & TYPE_MASK : 0);
    for (let index = 0; index < 4; index++) ring.setUint8(at + 13 + index, datagram[index] ?? 0);
    if (this.#hash === undefined) return;
    this.#chunk.set(new Uint8Array(ring.buffer, at, RECORD_BYTES), this.#chunkBytes);
    this.#chunkBytes += RECORD_BYTES;
    if (this.#chunkBytes === this.#chunk.length) this.#updateHash();
  }

  /**
   * The last lines, ordered by time: `ms direction TYPE length fate`. Some lie in the future, because
   * a link decides at once what happens to a datagram later on its way.
   */
  get text(): string {
    const lines: { readonly atUs: number; readonly line: string }[] = [];
    for (let index = Math.max(0, this.#count - TRACE_LINES); index < this.#count; index++) {
      const at = (index % TRACE_LINES) * RECORD_BYTES;
      const ring = this.#ring;
      const direction = this.#directions[ring.getUint8(at + 8)] ?? '?';
      const type = typeNames[ring.getUint8(at + 12)] ?? '?';
      const fate = fateNames[ring.getUint8(at + 9)]!;
      const atUs = ring.getFloat64(at);
      const length = ring.getUint16(at + 10);
      const line = `${(atUs / 1000).toFixed(3)} ${direction} ${type} ${length} ${fate}`;
      lines.push({ atUs, line });
    }
    lines.sort((one, other) => one.atUs - other.atUs);
    return lines.map(({ line }) => line).join('\n');
  }

  /** SHA-256 of all records, in hex; ends the trace. */
  digest(): string {
    if (this.#hash === undefined) throw new Error('this trace is not hashed');
    this.#updateHash();
    return this.#hash.digest('hex');
  }

  #updateHash(): void {
    this.#hash!.update(this.#chunk.subarray(0, this.#chunkBytes));
    this.#chunkBytes = 0;
  }
}
