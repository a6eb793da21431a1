import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { PlainTagHash } from '../../../../src/transfer/secure/tag/plain-tag-hash.ts';
import { sipHash24 } from '../../../../src/transfer/secure/tag/siphash.ts';
import {
  INPUT_PREFIX_BYTES,
  MAX_MESSAGE_BYTES,
  TAG_BYTES,
  TAG_KEY_BYTES,
  type TagHash,
} from '../../../../src/transfer/secure/tag/tag-hash.ts';
import { WasmTagHash } from '../../../../src/transfer/secure/tag/wasm-tag-hash.ts';
import { sipHashVectors } from './siphash-vectors.ts';
import { littleEndian, sipHashModel, tagModel } from './tag-model.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const wasm = WasmTagHash.create()!;
const plain = new PlainTagHash();
const hashes: [string, TagHash][] = [
  ['in WebAssembly', wasm],
  ['without WebAssembly', plain],
];

function digest(hash: TagHash, key: Uint8Array, message: Uint8Array): bigint {
  hash.input.set(message, INPUT_PREFIX_BYTES);
  return littleEndian(hash.digest(key, message.length));
}

/** A key or message of `length` bytes that look random. */
function pattern(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  });
}

const siphashKey = Uint8Array.from({ length: 16 }, (_, index) => index);

test('SipHash-2-4 is what its authors published, from no byte to 63 of them', () => {
  for (const [length, vector] of sipHashVectors.entries()) {
    const message = Uint8Array.from({ length }, (_, index) => index);
    const ownDigest = new Uint8Array(TAG_BYTES);
    sipHash24(siphashKey, message, length, ownDigest);
    expect(Buffer.from(ownDigest).toString('hex')).toBe(vector);
    wasm.input.set(message, INPUT_PREFIX_BYTES);
    expect(Buffer.from(wasm.siphash(siphashKey, length)).toString('hex')).toBe(vector);
    expect(sipHashModel(siphashKey, message)).toBe(littleEndian(Buffer.from(vector, 'hex')));
  }
});

describe.each(hashes)('the hash %s', (_, hash) => {
  test('gives what its model gives, whatever the message and the key', () => {
    const key = fc.uint8Array({ minLength: TAG_KEY_BYTES, maxLength: TAG_KEY_BYTES });
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 1_700 }),
      fc.tuple(fc.nat(1_700), fc.nat()).map(([length, seed]) => pattern(length, seed)),
    );
    fc.assert(
      fc.property(key, message, (key, message) => {
        expect(digest(hash, key, message)).toBe(tagModel(key, message));
      }),
    );
  });

  test('gives what its model gives where every product and sum is largest', () => {
    const key = new Uint8Array(TAG_KEY_BYTES).fill(0xff);
    for (const length of [512, 1_024, 1_400]) {
      const message = new Uint8Array(length);
      expect(digest(hash, key, message)).toBe(tagModel(key, message));
    }
  });

  test.each([1_472, 8_972, 32_000, 65_507, MAX_MESSAGE_BYTES])(
    'gives what its model gives at %i bytes',
    (length) => {
      const [key, message] = [pattern(TAG_KEY_BYTES, 5), pattern(length, 6)];
      expect(digest(hash, key, message)).toBe(tagModel(key, message));
    },
  );

  test('does not look at what an earlier, longer message left behind', () => {
    const [key, message] = [pattern(TAG_KEY_BYTES, 5), pattern(700, 7)];
    const before = digest(hash, key, message.subarray(0, 45));
    digest(hash, key, message);
    expect(digest(hash, key, message.subarray(0, 45))).toBe(before);
  });

  test('goes back to a key that was used before another one', () => {
    const message = pattern(100, 1);
    const [one, other] = [pattern(TAG_KEY_BYTES, 2), pattern(TAG_KEY_BYTES, 3)];
    const before = digest(hash, one, message);
    expect(digest(hash, other, message)).not.toBe(before);
    expect(digest(hash, one, message)).toBe(before);
  });
});

test('every byte of the key counts at full length', () => {
  const message = pattern(1_024, 8);
  const key = pattern(TAG_KEY_BYTES, 9);
  const before = digest(wasm, key, message);
  for (let at = 0; at < TAG_KEY_BYTES; at++) {
    const changed = key.slice();
    changed[at]! ^= 1;
    expect(digest(wasm, changed, message), `byte ${at}`).not.toBe(before);
  }
});

test('a machine without WebAssembly, or without its SIMD, has no WebAssembly hash', () => {
  vi.stubGlobal('WebAssembly', undefined);
  expect(WasmTagHash.create()).toBeUndefined();
  function refuse(): never {
    throw new Error('unknown opcode');
  }
  vi.stubGlobal('WebAssembly', { Module: refuse, Instance: refuse });
  expect(WasmTagHash.create()).toBeUndefined();
});
