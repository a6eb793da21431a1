import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  readU16,
  readU32,
  readU48,
  writeU16,
  writeU32,
  writeU48,
} from '../../../../src/transfer/core/wire/bytes.ts';

const widths = [
  { bytes: 2, read: readU16, write: writeU16 },
  { bytes: 4, read: readU32, write: writeU32 },
  { bytes: 6, read: readU48, write: writeU48 },
];

test.each(widths)('$bytes bytes are read as they were written', ({ bytes, read, write }) => {
  const value = fc.integer({ min: 0, max: 2 ** (8 * bytes) - 1 });
  fc.assert(
    fc.property(value, fc.nat(5), (number, at) => {
      const buffer = new Uint8Array(at + bytes + 1).fill(0xaa);
      write(buffer, at, number);
      expect(read(buffer, at)).toBe(number);
      expect(buffer.subarray(0, at).every((byte) => byte === 0xaa)).toBe(true);
      expect(buffer[at + bytes]).toBe(0xaa);
    }),
  );
});

test('the first byte is the most significant', () => {
  const buffer = new Uint8Array(6);
  writeU48(buffer, 0, 0x0102_0304_0506);
  expect([...buffer]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('only the low 32 bits of a 53-bit number are written', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (number) => {
      const buffer = new Uint8Array(4);
      writeU32(buffer, 0, number);
      expect(readU32(buffer, 0)).toBe(number % 2 ** 32);
    }),
  );
});
