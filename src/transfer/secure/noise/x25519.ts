import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import assert from 'node:assert/strict';

/** A private or public key, and a shared secret (RFC 7748). */
export const X25519_BYTES = 32;

/** What stands before the 32 bytes in PKCS #8 (RFC 8410 §7). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
/** Of the bytes of a key in a JWK. */
const JWK_ENCODING = 'base64url';

/** Whether a secret with the owner of `publicKey` would be secret: false for points of low order. */
export function isUsablePublicKey(publicKey: Uint8Array): boolean {
  return anyKeyPair.sharedSecret(publicKey) !== undefined;
}

/**
 * A private key of X25519 with its public half.
 *
 * Public keys of others are read as JWK (RFC 8037): OpenSSL 3 takes 80 µs to read one from DER and 7
 * from a JWK, and every OPEN, of strangers as well, has one. Pairs are not drawn by
 * `generateKeyPairSync`, which is faster, too: a collection while such a key is exported locks the
 * mutex that the export holds, and Node 20 stands still.
 */
export class X25519KeyPair {
  /** 32 bytes; not to be changed. */
  readonly publicKey: Uint8Array;
  readonly #privateKey: KeyObject;

  constructor(privateKey: KeyObject) {
    assert(privateKey.asymmetricKeyType === 'x25519', 'an X25519 key pair has an X25519 key');
    this.#privateKey = privateKey;
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    this.publicKey = new Uint8Array(spki.subarray(-X25519_BYTES));
  }

  /** A fresh one from the system's randomness. */
  static generate(): X25519KeyPair {
    return X25519KeyPair.fromPrivate(randomBytes(X25519_BYTES));
  }

  /** Any 32 bytes are a private key; X25519 clamps them when it uses them. */
  static fromPrivate(privateKey: Uint8Array): X25519KeyPair {
    assert(privateKey.length === X25519_BYTES, 'an X25519 private key is 32 bytes');
    const der = Buffer.concat([PRIVATE_PREFIX, privateKey]);
    return new X25519KeyPair(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  }

  /**
   * The shared secret with the owner of `publicKey` (32 bytes). Undefined for a point of low order,
   * whose secret everybody knows: all zeros (RFC 7748 §6.1).
   */
  sharedSecret(publicKey: Uint8Array): Uint8Array | undefined {
    assert(publicKey.length === X25519_BYTES, 'an X25519 public key is 32 bytes');
    const x = Buffer.from(publicKey).toString(JWK_ENCODING);
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
    try {
      return diffieHellman({ privateKey: this.#privateKey, publicKey: key });
    } catch {
      return undefined;
    }
  }
}

/** Which one does not matter: a point of low order has no secret with any. */
const anyKeyPair = X25519KeyPair.generate();
