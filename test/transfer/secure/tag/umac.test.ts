import { createCipheriv } from 'node:crypto';
import { expect, test } from 'vitest';
import { nhModel, wordsOf } from './tag-model.ts';

/**
 * UMAC-64 for messages up to 1,024 bytes, around the NH of the model. RFC 4418 publishes no values
 * of NH alone, so this is how the model is held to it.
 */
function umac64(message: Uint8Array): string {
  const key = Buffer.from('abcdefghijklmnop');
  const nhKey = bigEndianWords(derive(key, 1, 1024 + 16));
  const polynomialKey = derive(key, 3, 2 * 64);
  const translation = derive(key, 4, 2 * 4);
  const padded = message.length === 0 ? new Uint8Array(32) : message;
  const words = wordsOf(padded);
  const hashes = [0, 1].map((pass) => {
    const nh = nhModel(nhKey.slice(4 * pass), words) + BigInt(8 * message.length);
    const block = Buffer.alloc(16);
    block.writeBigUInt64BE(BigInt.asUintN(64, nh), 8);
    return innerProduct(
      block,
      polynomialKey.subarray(64 * pass, 64 * pass + 64),
      translation.readUInt32BE(4 * pass),
    );
  });
  // The nonce's lowest bit chooses half of the pad.
  const nonce = Buffer.alloc(16);
  nonce.write('bcdefghi');
  const half = nonce[7]! & 1;
  nonce[7]! ^= half;
  const pad = encrypt(derive(key, 0, 16), nonce).subarray(8 * half, 8 * half + 8);
  return Buffer.from(pad.map((byte, index) => byte ^ Buffer.concat(hashes)[index]!)).toString(
    'hex',
  );
}

/** L3-HASH (§5.4). */
function innerProduct(block: Buffer, key: Buffer, translation: number): Buffer {
  const prime = 2n ** 36n - 5n;
  let sum = 0n;
  for (let at = 0; at < 8; at++) {
    sum += BigInt(block.readUInt16BE(2 * at)) * (key.readBigUInt64BE(8 * at) % prime);
  }
  const hash = Buffer.alloc(4);
  hash.writeUInt32BE((Number((sum % prime) & 0xffff_ffffn) ^ translation) >>> 0);
  return hash;
}

/** KDF (§3.2). */
function derive(key: Buffer, index: number, byteCount: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(byteCount / 16) }, (_, block) => {
    const input = Buffer.alloc(16);
    input[7] = index;
    input.writeUInt32BE(block + 1, 12);
    return encrypt(key, input);
  });
  return Buffer.concat(blocks).subarray(0, byteCount);
}

function encrypt(key: Buffer, block: Buffer): Buffer {
  return createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(block);
}

function bigEndianWords(bytes: Buffer): bigint[] {
  return Array.from({ length: bytes.length / 4 }, (_, at) => BigInt(bytes.readUInt32BE(4 * at)));
}

/** RFC 4418, appendix: key `abcdefghijklmnop`, nonce `bcdefghi`. */
test.each([
  ['', '6e155fad26900be1'],
  ['aaa', '44b5cb542f220104'],
  ['a'.repeat(1024), '26bf2f5d60118bd9'],
  ['abc', 'd4d7b9f6bd4fbfcf'],
])('the model’s NH gives the published tags of UMAC-64: %#', (message, tag) => {
  expect(umac64(Buffer.from(message))).toBe(tag);
});
