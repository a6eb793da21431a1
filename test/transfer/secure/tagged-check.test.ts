import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  COMMON_HEADER_BYTES,
  crcCheck,
  type PacketCheck,
} from '../../../src/transfer/core/index.ts';
import { PlainTagHash } from '../../../src/transfer/secure/tag/plain-tag-hash.ts';
import { TAG_KEY_BYTES, type TagHash } from '../../../src/transfer/secure/tag/tag-hash.ts';
import { WasmTagHash } from '../../../src/transfer/secure/tag/wasm-tag-hash.ts';
import { taggedCheck } from '../../../src/transfer/secure/tagged-check.ts';

const TAG_END = COMMON_HEADER_BYTES + 8;
const MAX_HIGH = 2 ** 21 - 1;

const [aKey, bKey] = [5, 6].map((seed) =>
  Uint8Array.from({ length: TAG_KEY_BYTES }, (_, index) => (index * seed * 31) ^ (index >> 3)),
) as [Uint8Array, Uint8Array];

function sides(hash?: TagHash): { readonly a: PacketCheck; readonly b: PacketCheck } {
  return {
    a: taggedCheck({ own: aKey, peer: bKey }, hash),
    b: taggedCheck({ own: bKey, peer: aKey }, hash),
  };
}
const { a, b } = sides();

function completed(check: PacketCheck, body: Uint8Array, high = 0, roomAfter = 0): Uint8Array {
  const buffer = new Uint8Array(TAG_END + body.length + roomAfter).fill(0x55);
  buffer.set(body, TAG_END);
  check.write(buffer, TAG_END + body.length, high);
  return buffer.subarray(0, TAG_END + body.length);
}

/** As somebody would who has no key: with a right checksum. */
function withChecksum(datagram: Uint8Array): Uint8Array {
  crcCheck.write(datagram, datagram.length, 0);
  return datagram;
}

const bodies = fc.uint8Array({ maxLength: 1_500 });
const highs = fc.integer({ min: 0, max: MAX_HIGH });

test('what one side completes the other takes, whatever stands behind it in the lent buffer', () => {
  fc.assert(
    fc.property(bodies, highs, fc.nat(40), (body, high, roomAfter) => {
      expect(b.verify(completed(a, body, high, roomAfter), high)).toBe('ok');
    }),
  );
});

test('the tag is the same with WebAssembly and without', () => {
  const other = sides(new PlainTagHash());
  const fast = sides(WasmTagHash.create());
  fc.assert(
    fc.property(bodies, highs, (body, high) => {
      expect(completed(other.a, body, high)).toEqual(completed(fast.a, body, high));
    }),
  );
});

test('a changed bit with a right checksum is a forgery, wherever behind the checksum it is', () => {
  const datagram = completed(
    a,
    Uint8Array.from({ length: 90 }, (_, i) => i),
    7,
  );
  for (let bit = 32; bit < datagram.length * 8; bit++) {
    const changed = datagram.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    expect(b.verify(changed, 7), `bit ${bit}`).toBe('damaged');
    expect(b.verify(withChecksum(changed), 7), `bit ${bit}`).toBe('forged');
  }
});

test('a datagram whose checksum alone was damaged is the peer’s all the same', () => {
  const datagram = completed(a, Uint8Array.of(1, 2, 3));
  datagram[0]! ^= 1;
  expect(b.verify(datagram, 0)).toBe('ok');
});

test('the same datagram under another high part of its number is a forgery', () => {
  fc.assert(
    fc.property(bodies, highs, highs, (body, high, otherHigh) => {
      fc.pre(high !== otherHigh);
      expect(b.verify(completed(a, body, high), otherHigh)).toBe('forged');
    }),
  );
});

test('a datagram that comes back to its sender is a forgery', () => {
  expect(a.verify(completed(a, Uint8Array.of(1, 2, 3)), 0)).toBe('forged');
});

test('a datagram cut short or made longer is a forgery, down to the checksum alone', () => {
  const datagram = completed(
    a,
    Uint8Array.from({ length: 100 }, (_, i) => i),
  );
  for (let length = COMMON_HEADER_BYTES; length < datagram.length; length++) {
    const cut = withChecksum(datagram.slice(0, length));
    expect(b.verify(cut, 0), `${length} bytes`).toBe('forged');
  }
  for (const more of [1, 8, 32, 512]) {
    const longer = new Uint8Array(datagram.length + more);
    longer.set(datagram);
    expect(b.verify(withChecksum(longer), 0), `${more} bytes more`).toBe('forged');
  }
});

test('random bytes are never the peer’s, and never thrown at', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), highs, (bytes, high) => {
      expect(b.verify(bytes, high)).not.toBe('ok');
    }),
  );
});

test('what is longer than any datagram is refused', () => {
  expect(b.verify(new Uint8Array(70_000), 0)).toBe('damaged');
});

test('verifying changes nothing in the datagram', () => {
  const datagram = completed(a, Uint8Array.of(1, 2, 3), 9);
  const before = datagram.slice();
  b.verify(datagram, 9);
  expect(datagram).toEqual(before);
});
