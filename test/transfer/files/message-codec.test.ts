import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeAccept,
  decodeEnd,
  decodeFailure,
  encodeAccept,
  encodeEnd,
  encodeFailure,
} from '../../../src/transfer/files/message.ts';
import { decodeOffer, encodeOffer, MAX_SIZE_BYTES } from '../../../src/transfer/files/offer.ts';
import { cleanReason, cutToBytes } from '../../../src/transfer/files/reason.ts';
import { transferErrorCodes } from '../../../src/transfer/files/transfer-error.ts';

const anySize = fc.oneof(fc.integer({ min: 0, max: MAX_SIZE_BYTES }), fc.constant(MAX_SIZE_BYTES));
const anyName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .map((name) => name.normalize('NFC'))
  .filter((name) => Buffer.byteLength(name) <= 255);
const anyEntry = fc.record({
  name: anyName,
  sizeBytes: anySize,
  mtimeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  mode: fc.nat(0o777),
});

test('an offer survives its encoding', () => {
  fc.assert(
    fc.property(anyEntry, (entry) => {
      expect(decodeOffer(encodeOffer(entry))).toEqual({ type: 'offer', entry });
    }),
  );
});

test('an offer cut short, or with a byte too many, is a violation', () => {
  fc.assert(
    fc.property(anyEntry, fc.nat(), (entry, cut) => {
      const bytes = encodeOffer(entry);
      const short = bytes.subarray(0, cut % bytes.length);
      expect(decodeOffer(short)).toEqual({ type: 'violation' });
      expect(decodeOffer(Buffer.concat([bytes, Buffer.of(0)]))).toEqual({ type: 'violation' });
    }),
  );
});

const good = encodeOffer({ name: 'é.txt', sizeBytes: 5, mtimeNs: 7n, mode: 0o644 });

function changed(at: number, ...bytes: number[]): Uint8Array {
  const copy = Uint8Array.from(good);
  copy.set(bytes, at);
  return copy;
}

test.each([
  ['a setuid bit', changed(5, 0o4000 >> 8)],
  ['another kind of entry', changed(4, 1)],
  ['unknown flags', changed(1, 2)],
  ['no entry', changed(2, 0, 0)],
  ['a name that is not UTF-8', changed(23, 0xff)],
  ['a name that is not NFC', encodeOffer({ name: 'e\u0301', sizeBytes: 5, mtimeNs: 7n, mode: 0 })],
  ['no name', encodeOffer({ name: '', sizeBytes: 5, mtimeNs: 7n, mode: 0 })],
  ['a long name', encodeOffer({ name: 'x'.repeat(256), sizeBytes: 5, mtimeNs: 7n, mode: 0 })],
])('an offer with %s is a violation', (_what, bytes) => {
  expect(decodeOffer(bytes)).toEqual({ type: 'violation' });
});

test('what only a later program offers is told apart from a broken offer', () => {
  expect(decodeOffer(changed(0, 2))).toEqual({ type: 'unsupported' });
  expect(decodeOffer(changed(1, 1))).toEqual({ type: 'unsupported' });
  expect(decodeOffer(changed(2, 0, 2))).toEqual({ type: 'unsupported' });
});

test('ACCEPT and END survive their encoding', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 31 - 1),
      anySize,
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (entryIndex, sizeBytes, digest) => {
        const accept = { entryIndex, offsetBytes: sizeBytes };
        expect(decodeAccept(encodeAccept(accept))).toEqual(accept);
        const end = { entryIndex, sizeBytes, digest };
        expect(decodeEnd(encodeEnd(end))).toEqual(end);
      },
    ),
  );
});

test('every code of a failure survives its encoding, with its reason', () => {
  for (const code of transferErrorCodes) {
    const failure = { code, reason: `because of ${code} 😀` };
    expect(decodeFailure(encodeFailure(failure))).toEqual(failure);
  }
});

test('a reason is the same on both sides and no longer than 256 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (reason) => {
      const decoded = decodeFailure(encodeFailure({ code: 'refused', reason }));
      expect(decoded?.reason).toBe(cleanReason(reason));
      expect(Buffer.byteLength(decoded!.reason)).toBeLessThanOrEqual(256);
      expect(decoded!.reason).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    }),
  );
});

test('text is cut at a character, as late as possible', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, limitBytes) => {
      const cut = cutToBytes(text, limitBytes);
      expect(text.startsWith(cut)).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limitBytes);
      const next = text.codePointAt(cut.length);
      if (next === undefined) return;
      const longer = cut + String.fromCodePoint(next);
      expect(Buffer.byteLength(longer)).toBeGreaterThan(limitBytes);
    }),
  );
});

test('random bytes are decoded or refused, and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
      decodeOffer(noise);
      decodeAccept(noise);
      decodeEnd(noise);
      const failure = decodeFailure(noise);
      if (noise.length > 257) expect(failure).toBeUndefined();
      decodeOffer(Buffer.concat([good.subarray(0, 4), noise]));
    }),
    { numRuns: 1_000 },
  );
});
