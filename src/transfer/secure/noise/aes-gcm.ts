import { createCipheriv, createDecipheriv, type DecipherGCM, type CipherGCM } from 'node:crypto';

export const GCM_KEY_BYTES = 32;
export const GCM_TAG_BYTES = 16;

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TWO_TO_32 = 2 ** 32;

/** AES-256-GCM under nonce `counter` with `additional` data: to be given plaintext, then finished. */
export function gcmCipher(key: Uint8Array, counter: number, additional: Uint8Array): CipherGCM {
  return createCipheriv(ALGORITHM, key, nonceOf(counter)).setAAD(additional);
}

/** The other way; the tag is to be set before it is finished. */
export function gcmDecipher(key: Uint8Array, counter: number, additional: Uint8Array): DecipherGCM {
  return createDecipheriv(ALGORITHM, key, nonceOf(counter)).setAAD(additional);
}

/** Ciphertext and tag. */
export function sealGcm(
  key: Uint8Array,
  counter: number,
  additional: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = gcmCipher(key, counter, additional);
  const sealed = new Uint8Array(plaintext.length + GCM_TAG_BYTES);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

/** What `sealGcm` was given; undefined when `sealed` is anything else. */
export function openGcm(
  key: Uint8Array,
  counter: number,
  additional: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const plaintextBytes = sealed.length - GCM_TAG_BYTES;
  if (plaintextBytes < 0) return undefined;
  const decipher = gcmDecipher(key, counter, additional);
  decipher.setAuthTag(sealed.subarray(plaintextBytes));
  const plaintext = decipher.update(sealed.subarray(0, plaintextBytes));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

/** Noise §12.4: 32 zero bits, then the counter as 64 bits, big-endian. */
function nonceOf(counter: number): Uint8Array {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(Math.floor(counter / TWO_TO_32), 4);
  nonce.writeUInt32BE(counter >>> 0, 8);
  return nonce;
}
