import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32, crc32ByPackage, crc32ByZlib } from '../../../../src/transfer/core/wire/checksum.ts';

const bytes = fc.uint8Array({ maxLength: 3000 });

test('the check value of CRC-32 is 0xcbf43926', () => {
  // The CRC of the nine ASCII digits 1 to 9, by which catalogues tell CRCs apart.
  const digits = Uint8Array.from('123456789', (digit) => digit.charCodeAt(0));
  expect(crc32(digits, 0, 9)).toBe(0xcbf43926);
  expect(crc32ByPackage(digits, 0, 9)).toBe(0xcbf43926);
});

test.skipIf(crc32ByZlib === undefined)('zlib and the package compute the same checksum', () => {
  fc.assert(
    fc.property(bytes, fc.nat(3000), fc.nat(3000), (input, start, end) => {
      expect(crc32ByPackage(input, start, end)).toBe(crc32ByZlib!(input, start, end));
    }),
  );
});

test('bytes outside the range change nothing', () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, (before, input, after) => {
      const whole = new Uint8Array([...before, ...input, ...after]);
      const start = before.length;
      expect(crc32(whole, start, start + input.length)).toBe(crc32(input, 0, input.length));
    }),
  );
});
