import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeHeader } from '../../../../src/transfer/core/wire/codec.ts';
import { crcCheck } from '../../../../src/transfer/core/wire/packet-check.ts';
import { COMMON_HEADER_BYTES, PacketType } from '../../../../src/transfer/core/wire/packet.ts';

function completed(body: Uint8Array, roomAfter = 0): Uint8Array {
  const buffer = new Uint8Array(COMMON_HEADER_BYTES + body.length + roomAfter).fill(0x55);
  encodeHeader(buffer, PacketType.data, 0, 7);
  buffer.set(body, COMMON_HEADER_BYTES);
  const length = COMMON_HEADER_BYTES + body.length;
  crcCheck.write(buffer, length, 0);
  return buffer.subarray(0, length);
}

test('a completed datagram verifies, whatever stands behind it in the lent buffer', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(40), (body, roomAfter) => {
      expect(crcCheck.verify(completed(body, roomAfter), 0)).toBe('ok');
    }),
  );
});

test('no flip of a single bit goes unnoticed, wherever it is', () => {
  const datagram = completed(Uint8Array.from({ length: 190 }, (_, i) => (i * 31) & 0xff));
  for (let bit = 0; bit < datagram.length * 8; bit++) {
    datagram[bit >> 3]! ^= 1 << (bit & 7);
    expect(crcCheck.verify(datagram, 0), `bit ${bit}`).toBe('damaged');
    datagram[bit >> 3]! ^= 1 << (bit & 7);
  }
  expect(crcCheck.verify(datagram, 0)).toBe('ok');
});

test('two or three flipped bits of a full-size datagram are noticed', () => {
  const body = fc.uint8Array({ minLength: 1390, maxLength: 1390 });
  const bits = fc.uniqueArray(fc.nat(1400 * 8 - 1), { minLength: 2, maxLength: 3 });
  fc.assert(
    fc.property(body, bits, (body, bits) => {
      const datagram = completed(body);
      for (const bit of bits) datagram[bit >> 3]! ^= 1 << (bit & 7);
      expect(crcCheck.verify(datagram, 0)).toBe('damaged');
    }),
  );
});

test('a datagram cut short is damaged, down to nothing', () => {
  const datagram = completed(Uint8Array.from({ length: 60 }, (_, i) => i));
  for (let length = 0; length < datagram.length; length++) {
    expect(crcCheck.verify(datagram.subarray(0, length), 0), `${length} bytes`).toBe('damaged');
  }
});
