import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import {
  HASH_BYTES,
  SALT_BYTES,
  type ScryptCost,
  type StoredPassword,
} from '../core/stored-password.ts';

/** Each takes 32 MiB and a thread of the pool, which has four and serves the files too. */
export const MAX_CHECKS_AT_ONCE = 2;
export const MAX_WAITING_CHECKS = 256;
/** Of one address, so that a flood from one leaves the waiting list to others. */
export const MAX_WAITING_CHECKS_PER_ADDRESS = 32;

type Job = () => Promise<void>;

/**
 * Runs the costly password work: two jobs at once, a bounded number waiting, and the addresses
 * that wait take turns, so that many attempts from one delay an attempt from another by one job.
 */
export class PasswordChecks {
  /** Jobs by address; whose turn is next comes first. */
  readonly #waiting = new Map<string, Job[]>();
  #waitingCount = 0;
  #runningCount = 0;

  /** Undefined, and `work` is never called, when too many wait already. */
  run<Result>(address: string, work: () => Promise<Result>): Promise<Result> | undefined {
    const ofAddress = this.#waiting.get(address) ?? [];
    if (this.#waitingCount >= MAX_WAITING_CHECKS) return undefined;
    if (ofAddress.length >= MAX_WAITING_CHECKS_PER_ADDRESS) return undefined;
    return new Promise<Result>((resolve, reject) => {
      ofAddress.push(() => work().then(resolve, reject));
      this.#waiting.set(address, ofAddress);
      this.#waitingCount += 1;
      this.#startNext();
    });
  }

  #startNext(): void {
    const first = this.#waiting.entries().next();
    if (first.done || this.#runningCount >= MAX_CHECKS_AT_ONCE) return;
    const [address, jobs] = first.value;
    const job = jobs.shift()!; // at most 32 stand there
    this.#waiting.delete(address);
    if (jobs.length > 0) this.#waiting.set(address, jobs);
    this.#waitingCount -= 1;
    this.#runningCount += 1;
    void job().then(() => {
      this.#runningCount -= 1;
      this.#startNext();
    });
  }
}

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
