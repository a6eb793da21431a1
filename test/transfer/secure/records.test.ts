import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  MAX_RECORD_BYTES,
  plainRecords,
  type RecordCipher,
} from '../../../src/transfer/secure/record-cipher.ts';
import { RecordWriter } from '../../../src/transfer/secure/record-writer.ts';
import { anyPieces, anyRecords, PiecewiseInput, read, written } from './record-pieces.ts';

/** A cipher that can be seen through: inverts each byte and adds a sum. */
const toyCipher: RecordCipher = {
  tagBytes: 16,
  sharesBody: false,
  seal: (header, body, write) => {
    const inside = Uint8Array.of(header[4]!, ...body).map((byte) => byte ^ 0xff);
    write(header.subarray(0, 4));
    write(inside);
    write(new Uint8Array(16).fill(inside.reduce((sum, byte) => sum + byte, 0)));
  },
  open: (record) => {
    const inside = record.subarray(4, -16);
    const sum = inside.reduce((total, byte) => total + byte, 0) & 0xff;
    return record.at(-1) === sum ? inside.map((byte) => byte ^ 0xff) : undefined;
  },
};

test.each([
  ['in the clear', plainRecords],
  ['sealed', toyCipher],
])('records %s come out as they went in, whatever the pieces', (_what, cipher) => {
  fc.assert(
    fc.property(anyRecords, anyPieces, (records, pieceLengths) => {
      const bytes = written(records, cipher);
      const input = new PiecewiseInput(bytes, pieceLengths);
      const { records: seen, verdict } = read(input, cipher);
      expect(verdict).toBe('none');
      expect(input.consumedBytes).toBe(bytes.length);
      expect(seen.length).toBe(records.length);
      seen.forEach(({ type, body }, index) => {
        expect(type).toBe(records[index]!.type);
        expect(Buffer.compare(body, records[index]!.body)).toBe(0);
      });
    }),
  );
});

test('a record is not handed on before its last byte has arrived', () => {
  const bytes = written([{ type: 3, body: Uint8Array.of(1, 2, 3) }], plainRecords);
  const { records, verdict } = read(new PiecewiseInput(bytes.subarray(0, -1), [4]), plainRecords);
  expect([records, verdict]).toEqual([[], 'none']);
});

test.each([0, MAX_RECORD_BYTES - 3, 0xffff_ffff])(
  'a record of announced length %i is a violation before any buffer grows',
  (length) => {
    const bytes = Buffer.alloc(70_000);
    bytes.writeUInt32BE(length);
    for (const pieceLengths of [[1], [4], [70_000]]) {
      const { verdict, reader, records } = read(
        new PiecewiseInput(bytes, pieceLengths),
        plainRecords,
      );
      expect([verdict, reader.bufferBytes, records]).toEqual(['violation', 0, []]);
      expect(reader.read(() => undefined)).toBe('violation');
    }
  },
);

test('a record of exactly the largest length passes', () => {
  const body = new Uint8Array(MAX_RECORD_BYTES - 5).fill(7);
  const input = new PiecewiseInput(written([{ type: 4, body }], plainRecords), [1_000]);
  const { records, reader } = read(input, plainRecords);
  expect(records[0]!.body.length).toBe(body.length);
  expect(reader.bufferBytes).toBe(MAX_RECORD_BYTES);
});

test('a record that does not open is told from a violation, and nothing is read after it', () => {
  const bytes = written(
    [
      { type: 1, body: Uint8Array.of(1) },
      { type: 2, body: Uint8Array.of(2) },
    ],
    toyCipher,
  );
  bytes[5]! ^= 1;
  const { records, verdict, reader } = read(new PiecewiseInput(bytes, [1_000]), toyCipher);
  expect([records, verdict]).toEqual([[], 'unopened']);
  expect(reader.read(() => undefined)).toBe('unopened');
});

test('random bytes never throw and never make the reader hold more than one record', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), anyPieces, (noise, pieceLengths) => {
      for (const cipher of [plainRecords, toyCipher]) {
        const { reader } = read(new PiecewiseInput(noise, pieceLengths), cipher);
        expect(reader.bufferBytes).toBeLessThanOrEqual(MAX_RECORD_BYTES);
      }
    }),
  );
});

test('what a record may hold is what the transport allows, less what is not body', () => {
  const output = { recordLimitBytes: 4_096, acknowledgedBytes: 0, write: () => undefined };
  expect(new RecordWriter(output, plainRecords).bodyLimitBytes).toBe(4_096 - 5);
  expect(new RecordWriter(output, toyCipher).bodyLimitBytes).toBe(4_096 - 5 - 16);
  output.recordLimitBytes = 1_000_000;
  expect(new RecordWriter(output, plainRecords).bodyLimitBytes).toBe(MAX_RECORD_BYTES - 5);
});
