import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createFile } from './atomic-file.ts';
import { readPrivateFile } from './private-file.ts';

/** The identity key is there and must not or cannot be used. The message names the file. */
export class IdentityKeyError extends Error {
  override readonly name = 'IdentityKeyError';
}

export interface IdentityKey {
  /** An X25519 private key: 32 bytes. */
  readonly privateKey: Uint8Array;
  /** Why it is a new one that the next start will not find; undefined when it is kept. */
  readonly unkept?: Error;
}

/** X25519: any 32 bytes are a private key (RFC 7748 §5). */
const KEY_BYTES = 32;
/** The key as 64 hex digits, and what an editor may leave behind them. */
const MAX_FILE_BYTES = 256;
const keyPattern = /^[0-9a-f]{64}\s*$/;
const FOLDER_MODE = 0o700;
const KEY_MODE = 0o600;
const NO_KEY =
  'it holds no identity key; put the right file back, or delete it for a new key, which others must then TRUST';

/**
 * The key by which others know this person's client again, made if there is none. Of two clients that
 * start at once, both use the key of the first.
 *
 * One that cannot be made or kept is no reason to stay out of the chat: whoever pinned it refuses the
 * next one. Rejects with an `IdentityKeyError` when there is one that cannot be used, since a new one
 * in its place would look to others like somebody else.
 */
export async function openIdentityKey(path: string): Promise<IdentityKey> {
  const known = await readKey(path);
  if (known !== undefined) return { privateKey: known };
  const made = randomBytes(KEY_BYTES);
  try {
    await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
    if (await createFile(path, `${made.toString('hex')}\n`, KEY_MODE)) return { privateKey: made };
  } catch (error) {
    return { privateKey: made, unkept: error as Error };
  }
  return { privateKey: (await readKey(path)) ?? made };
}

/** Undefined when there is no file. */
async function readKey(path: string): Promise<Uint8Array | undefined> {
  let file;
  try {
    file = await readPrivateFile(path, MAX_FILE_BYTES);
  } catch (error) {
    throw new IdentityKeyError(`${path}: ${(error as Error).message}`, { cause: error });
  }
  switch (file.state) {
    case 'absent':
      return undefined;
    case 'exposed':
      throw new IdentityKeyError(
        `${path}: others may read this private key; if nobody has, run: chmod 600 ${path}`,
      );
    case 'unfit':
      throw new IdentityKeyError(`${path}: ${NO_KEY}`);
    case 'private':
      if (!keyPattern.test(file.text)) throw new IdentityKeyError(`${path}: ${NO_KEY}`);
      return Buffer.from(file.text.trim(), 'hex');
  }
}
