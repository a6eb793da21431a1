import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import {
  HASH_BYTES,
  SALT_BYTES,
  type ScryptCost,
  type StoredPassword,
} from '../core/stored-password.ts';

/** Whether `password` is the one that was stored, in a time that does not tell how much is right. */
export async function isRightPassword(password: string, stored: StoredPassword): Promise<boolean> {
  if (stored.kind === 'plain') {
    return timingSafeEqual(digestOf(password), digestOf(stored.password));
  }
  const salt = Buffer.from(stored.salt, 'base64');
  const hash = await scryptOf(password, salt, stored.cost);
  return timingSafeEqual(hash, Buffer.from(stored.hash, 'base64'));
}

/** A new salted hash of `password`. */
export async function hashPassword(password: string, cost: ScryptCost): Promise<StoredPassword> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await scryptOf(password, salt, cost);
  return { kind: 'scrypt', cost, salt: unpadded(salt), hash: unpadded(hash) };
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(composed(text)).digest();
}

/** The same word typed on two systems is the same password. */
function composed(password: string): string {
  return password.normalize('NFC');
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function scryptOf(password: string, salt: Buffer, cost: ScryptCost): Promise<Buffer> {
  const N = 2 ** cost.logN;
  const options = { N, r: cost.r, p: cost.p, maxmem: 256 * N * cost.r };
  return new Promise((resolve, reject) => {
    scrypt(composed(password), salt, HASH_BYTES, options, (error, hash) => {
      if (error) reject(error);
      else resolve(hash);
    });
  });
}
