import { scrypt } from 'node:crypto';
import { pronounceable } from '../core/pronounceable.ts';

/** Says what is derived: no other use of the same keys gives these words. */
const SALT = 'updraft check code 1';
/** 64 bits: four words. */
const CODE_BYTES = 8;
/** 2^14 blocks of 1 KiB: about 50 ms and 16 MiB for each pair of keys that somebody tries. */
const COST = { N: 2 ** 14, r: 8, p: 1 } as const;

/**
 * Four words that two people compare to know that nobody sits between them, as `lusab-babad-gutih-tugad`:
 * `pronounceable(scrypt(the smaller key · the larger key, SALT, N = 2^14, r = 8, p = 1, 8 bytes))`, with
 * both identity keys as 32 bytes. Equal on both sides, whoever sends.
 *
 * Somebody in between shows each side a key of their own, so each side has another pair of keys. For
 * equal words they must find two such keys whose codes collide: 2^33 derivations for each side at even
 * odds, which at 50 ms each is some 27 years of one core, with 16 MiB each. Ten digits could be
 * matched in a few hours, since both keys may be chosen.
 */
export function checkCodeOf(ownKey: string, peerKey: string): Promise<string> {
  const keys = [ownKey, peerKey].sort();
  const input = Buffer.from(keys.join(''), 'hex');
  return new Promise((resolve, reject) => {
    scrypt(input, SALT, CODE_BYTES, COST, (error, code) => {
      if (error) reject(error);
      else resolve(pronounceable(code));
    });
  });
}
