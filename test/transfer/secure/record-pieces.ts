import fc from 'fast-check';
import { expect } from 'vitest';
import type { RecordCipher } from '../../../src/transfer/secure/record-cipher.ts';
import { RecordReader } from '../../../src/transfer/secure/record-reader.ts';
import { RecordWriter } from '../../../src/transfer/secure/record-writer.ts';

/** Bytes that are readable in pieces whose lengths repeat `pieceLengths`. */
export class PiecewiseInput {
  consumedBytes = 0;
  readonly isClosed = false;
  readonly #bytes: Uint8Array;
  readonly #pieceLengths: readonly number[];
  #pieceCount = 0;

  constructor(bytes: Uint8Array, pieceLengths: readonly number[]) {
    this.#bytes = bytes;
    this.#pieceLengths = pieceLengths;
  }

  peek(): Uint8Array {
    const length = this.#pieceLengths[this.#pieceCount % this.#pieceLengths.length]!;
    return this.#bytes.subarray(this.consumedBytes, this.consumedBytes + length);
  }

  consume(byteCount: number): void {
    if (byteCount > this.peek().length) throw new Error('more consumed than shown');
    this.consumedBytes += byteCount;
    this.#pieceCount++;
  }
}

export interface SeenRecord {
  readonly type: number;
  readonly body: Uint8Array;
}

/** The bytes of these records. */
export function written(records: readonly SeenRecord[], cipher: RecordCipher): Uint8Array {
  const chunks: Uint8Array[] = [];
  const output = {
    recordLimitBytes: 65_536,
    acknowledgedBytes: 0,
    write: (chunk: Uint8Array) => void chunks.push(chunk),
  };
  const writer = new RecordWriter(output, cipher);
  for (const { type, body } of records) writer.write(type, body);
  const bytes = Buffer.concat(chunks);
  expect(writer.writtenBytes).toBe(bytes.length);
  return bytes;
}

/** What a reader makes of bytes. */
export function read(
  input: PiecewiseInput,
  cipher: RecordCipher,
): { records: SeenRecord[]; verdict: string; reader: RecordReader } {
  const reader = new RecordReader(input, cipher);
  const records: SeenRecord[] = [];
  for (;;) {
    const verdict = reader.read((type, body) => {
      records.push({ type, body: Uint8Array.from(body) });
    });
    if (verdict !== 'record') return { records, verdict, reader };
  }
}

export const anyRecords: fc.Arbitrary<SeenRecord[]> = fc.array(
  fc.record({
    type: fc.nat(255),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 0, max: 65_000 }).map((length) => new Uint8Array(length).fill(length)),
    ),
  }),
  { maxLength: 6 },
);
export const anyPieces: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 70_000 }), {
  minLength: 1,
  maxLength: 5,
});
