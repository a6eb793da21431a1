import { createHash, hkdfSync } from 'node:crypto';
import { GCM_TAG_BYTES, openGcm, sealGcm } from './aes-gcm.ts';

const HASH_BYTES = 32;
const EMPTY = new Uint8Array(0);

/**
 * The symmetric half of a handshake (Noise §5.2) with SHA-256 and AES-256-GCM: a chaining key that
 * every secret goes into, a hash of everything said, and a key for what is sealed on the way.
 */
export class SymmetricState {
  #chainingKey: Uint8Array;
  #hash: Uint8Array;
  #key: Uint8Array | undefined;
  /** Nonces used under `#key`. */
  #nonceCount = 0;

  constructor(protocolName: string) {
    const name = Buffer.from(protocolName, 'utf8');
    this.#hash = name.length <= HASH_BYTES ? padded(name) : sha256(name);
    this.#chainingKey = this.#hash;
  }

  /** Of everything mixed in so far; both sides have the same. */
  get hash(): Uint8Array {
    return this.#hash;
  }

  /** Bytes that sealing adds now: none before the first key. */
  get overheadBytes(): number {
    return this.#key === undefined ? 0 : GCM_TAG_BYTES;
  }

  /** Goes on by itself; nothing in here is changed in place. */
  copy(): SymmetricState {
    const copy = new SymmetricState('');
    copy.#chainingKey = this.#chainingKey;
    copy.#hash = this.#hash;
    copy.#key = this.#key;
    copy.#nonceCount = this.#nonceCount;
    return copy;
  }

  mixHash(bytes: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(bytes).digest();
  }

  mixKey(secret: Uint8Array): void {
    const [chainingKey, key] = this.#derive(secret, 2);
    this.#chainingKey = chainingKey!;
    this.#setKey(key!);
  }

  mixKeyAndHash(secret: Uint8Array): void {
    const [chainingKey, mixed, key] = this.#derive(secret, 3);
    this.#chainingKey = chainingKey!;
    this.mixHash(mixed!);
    this.#setKey(key!);
  }

  /** Sealed, once there is a key; either way its hash goes in. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const key = this.#key;
    const sent =
      key === undefined ? plaintext : sealGcm(key, this.#nonceCount++, this.#hash, plaintext);
    this.mixHash(sent);
    return sent;
  }

  /** Undefined, and of no more use, when `received` does not open. */
  decryptAndHash(received: Uint8Array): Uint8Array | undefined {
    const key = this.#key;
    const plaintext =
      key === undefined ? received : openGcm(key, this.#nonceCount++, this.#hash, received);
    if (plaintext !== undefined) this.mixHash(received);
    return plaintext;
  }

  /** The two keys of the end: what the initiator sends under, and what the responder does. */
  split(): readonly [Uint8Array, Uint8Array] {
    const [initiator, responder] = this.#derive(EMPTY, 2);
    return [initiator!, responder!];
  }

  #setKey(key: Uint8Array): void {
    this.#key = key;
    this.#nonceCount = 0;
  }

  /** HKDF of Noise §4.3, which is RFC 5869's with the chaining key as salt and no info. */
  #derive(secret: Uint8Array, count: number): Uint8Array[] {
    const okm = hkdfSync('sha256', secret, this.#chainingKey, EMPTY, count * HASH_BYTES);
    return Array.from({ length: count }, (_, index) => {
      return new Uint8Array(okm, index * HASH_BYTES, HASH_BYTES);
    });
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function padded(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(HASH_BYTES);
  result.set(bytes);
  return result;
}
