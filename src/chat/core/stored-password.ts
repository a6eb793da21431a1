/** The work of one scrypt (RFC 7914): memory is 128 · 2^logN · r bytes. */
export interface ScryptCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** The second word of a line of credentials.txt. Salt and hash are base64 without padding. */
export type StoredPassword =
  | { readonly kind: 'plain'; readonly password: string }
  | {
      readonly kind: 'scrypt';
      readonly cost: ScryptCost;
      readonly salt: string;
      readonly hash: string;
    };

/** OWASP's password storage cheat sheet lists N = 2^15, r = 8, p = 3 (32 MiB). */
export const SCRYPT_COST: ScryptCost = { logN: 15, r: 8, p: 3 };
export const SALT_BYTES = 16;
export const HASH_BYTES = 32;
/** A line of the file may not make the server take more memory than this for one login. */
const MAX_SCRYPT_BYTES = 256 * 1024 * 1024;
const MAX_PARALLEL = 16;

const hashPattern =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d?),p=([1-9]\d?)\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;
/** Whoever writes `$name$…` or `$scrypt…` means a hash; reading it as a password would open the account. */
const looksLikeHashPattern = /^\$(?:[a-z0-9-]{1,32}\$|scrypt)/i;

/** Undefined for a word that looks like a hash and is not one that can be checked. */
export function parseStoredPassword(word: string): StoredPassword | undefined {
  if (!looksLikeHashPattern.test(word)) return { kind: 'plain', password: word };
  const match = hashPattern.exec(word);
  if (!match) return undefined;
  const cost = { logN: Number(match[1]), r: Number(match[2]), p: Number(match[3]) };
  if (128 * 2 ** cost.logN * cost.r > MAX_SCRYPT_BYTES || cost.p > MAX_PARALLEL) return undefined;
  return { kind: 'scrypt', cost, salt: match[4]!, hash: match[5]! };
}

/** The word that `parseStoredPassword` reads. */
export function formatStoredPassword(stored: StoredPassword): string {
  if (stored.kind === 'plain') return stored.password;
  const { logN, r, p } = stored.cost;
  return `$scrypt$ln=${logN},r=${r},p=${p}$${stored.salt}$${stored.hash}`;
}
