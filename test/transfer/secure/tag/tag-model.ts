/** The tag's hash once more, in BigInt and as close to its description as can be. */

const MASK = (1n << 64n) - 1n;

export function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** SipHash-2-4. */
export function sipHashModel(key: Uint8Array, message: Uint8Array): bigint {
  const rotate = (value: bigint, bits: bigint): bigint =>
    ((value << bits) | (value >> (64n - bits))) & MASK;
  const [k0, k1] = [littleEndian(key.subarray(0, 8)), littleEndian(key.subarray(8, 16))];
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const rounds = (count: number): void => {
    for (let done = 0; done < count; done++) {
      v0 = (v0 + v1) & MASK;
      v1 = rotate(v1, 13n) ^ v0;
      v0 = rotate(v0, 32n);
      v2 = (v2 + v3) & MASK;
      v3 = rotate(v3, 16n) ^ v2;
      v0 = (v0 + v3) & MASK;
      v3 = rotate(v3, 21n) ^ v0;
      v2 = (v2 + v1) & MASK;
      v1 = rotate(v1, 17n) ^ v2;
      v2 = rotate(v2, 32n);
    }
  };
  const words = Math.floor(message.length / 8) + 1;
  const padded = new Uint8Array(8 * words);
  padded.set(message);
  padded[padded.length - 1] = message.length;
  for (let word = 0; word < words; word++) {
    const m = littleEndian(padded.subarray(8 * word, 8 * word + 8));
    v3 ^= m;
    rounds(2);
    v0 ^= m;
  }
  v2 ^= 0xffn;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

/** NH of RFC 4418 §5.2.2, both as 32-bit words: a multiple of 8 of the message, as many of the key. */
export function nhModel(key: readonly bigint[], message: readonly bigint[]): bigint {
  const sum = (a: bigint, b: bigint): bigint => (a + b) & 0xffff_ffffn;
  let total = 0n;
  for (let at = 0; at < message.length; at += 8) {
    for (let word = at; word < at + 4; word++) {
      const left = sum(message[word]!, key[word]!);
      total += left * sum(message[word + 4]!, key[word + 4]!);
    }
  }
  return total & MASK;
}

/** Little-endian words, filled with zeros to a multiple of 32 bytes. */
export function wordsOf(bytes: Uint8Array): bigint[] {
  const padded = new Uint8Array(32 * Math.ceil(bytes.length / 32));
  padded.set(bytes);
  return Array.from({ length: padded.length / 4 }, (_, word) =>
    littleEndian(padded.subarray(4 * word, 4 * word + 4)),
  );
}

export function tagModel(key: Uint8Array, message: Uint8Array): bigint {
  const nhKey = wordsOf(key.subarray(16));
  const clear = new Uint8Array(32);
  clear.set(message.subarray(0, 32));
  const parts: Uint8Array[] = [clear];
  for (let at = 0; at < message.length; at += 512) {
    const block = wordsOf(message.subarray(at, at + 512));
    parts.push(u64(nhModel(nhKey, block)), u64(nhModel(nhKey.slice(4), block)));
  }
  parts.push(u64(BigInt(message.length)));
  return sipHashModel(key.subarray(0, 16), Buffer.concat(parts));
}

export function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
