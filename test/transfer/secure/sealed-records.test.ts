import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RecordCipher } from '../../../src/transfer/secure/record-cipher.ts';
import { SealedRecords } from '../../../src/transfer/secure/sealed-records.ts';
import { anyPieces, anyRecords, PiecewiseInput, read, written } from './record-pieces.ts';

const [aKey, bKey] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

function sides(): { readonly a: RecordCipher; readonly b: RecordCipher } {
  return { a: new SealedRecords(aKey, bKey), b: new SealedRecords(bKey, aKey) };
}

const three = [
  { type: 1, body: Uint8Array.from({ length: 40 }, (_, index) => index) },
  { type: 2, body: new Uint8Array(0) },
  { type: 3, body: new Uint8Array(300).fill(3) },
];
const TAG = 16;
/** Length field, type and tag. */
const AROUND = 5 + TAG;

test('sealed records come out as they went in, whatever the pieces', () => {
  fc.assert(
    fc.property(anyRecords, anyPieces, (records, pieceLengths) => {
      const { a, b } = sides();
      const { records: seen, verdict } = read(
        new PiecewiseInput(written(records, a), pieceLengths),
        b,
      );
      expect(verdict).toBe('none');
      expect(seen.map(({ type }) => type)).toEqual(records.map(({ type }) => type));
      seen.forEach(({ body }, index) => {
        expect(Buffer.compare(body, records[index]!.body)).toBe(0);
      });
    }),
  );
});

test('sealing leaves header and body as they were', () => {
  const { a } = sides();
  const [header, body] = [Uint8Array.of(0, 0, 0, 20, 7), Uint8Array.of(1, 2, 3)];
  a.seal(header, body, () => undefined);
  expect([header, body]).toEqual([Uint8Array.of(0, 0, 0, 20, 7), Uint8Array.of(1, 2, 3)]);
});

test('the same record twice does not look the same twice', () => {
  const bytes = written([three[0]!, three[0]!], sides().a);
  const half = bytes.length / 2;
  expect(Buffer.compare(bytes.subarray(4, 20), bytes.subarray(half + 4, half + 20))).not.toBe(0);
});

test('no changed bit is handed on, wherever it is; what stood before it is', () => {
  const bytes = written(three, sides().a);
  const [first, second] = [AROUND + 40, 2 * AROUND + 40];
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Uint8Array.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    const { records, verdict } = read(new PiecewiseInput(changed, [70_000]), sides().b);
    const wholeBefore = bit < first * 8 ? 0 : bit < second * 8 ? 1 : 2;
    expect(records.length, `bit ${bit}`).toBe(wholeBefore);
    // A length that grew waits for bytes that never come; the end of the stream tells.
    expect(['violation', 'unopened', 'none'], `bit ${bit}`).toContain(verdict);
  }
});

test.each([
  ['left out', (parts: Uint8Array[]) => [parts[0]!, parts[2]!]],
  ['repeated', (parts: Uint8Array[]) => [parts[0]!, parts[0]!]],
  ['moved', (parts: Uint8Array[]) => [parts[0]!, parts[2]!, parts[1]!]],
])('a record that was %s does not open', (_, arrange) => {
  const bytes = written(three, sides().a);
  const ends = [0, AROUND + 40, 2 * AROUND + 40, bytes.length];
  const parts = [0, 1, 2].map((index) => bytes.subarray(ends[index], ends[index + 1]));
  const input = new PiecewiseInput(Buffer.concat(arrange(parts)), [70_000]);
  const { records, verdict } = read(input, sides().b);
  expect([records.length, verdict]).toEqual([1, 'unopened']);
});

test('a record does not open on the side that sealed it', () => {
  const bytes = written(three, sides().a);
  expect(read(new PiecewiseInput(bytes, [70_000]), sides().a).verdict).toBe('unopened');
});

test('random bytes are never a record, and never thrown at', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), anyPieces, (noise, pieceLengths) => {
      const { records } = read(new PiecewiseInput(noise, pieceLengths), sides().b);
      expect(records).toEqual([]);
      expect(sides().b.open(noise)).toBeUndefined();
    }),
  );
});
