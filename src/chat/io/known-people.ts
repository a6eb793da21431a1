import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createFile, replaceFile } from './atomic-file.ts';
import { readSmallFile } from './private-file.ts';

/** People of one server whose keys are kept: as many as a server has users. */
export const MAX_KNOWN_PEOPLE = 10_000;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** The key, and what an editor may leave behind it. */
const MAX_FILE_BYTES = 256;
const keyPattern = /^[0-9a-f]{64}\s*$/;

/** What was remembered of a person must not or cannot be used. The message names the file. */
export class KnownPeopleError extends Error {
  override readonly name = 'KnownPeopleError';
}

/**
 * The identity keys of the users of one server, across runs: a file each, made whole or not at all, so
 * that clients that run at once do not overwrite what the other has learnt. Names that differ in case
 * only are one person, as they are for the server. Users are named by valid user names only.
 */
export class KnownPeople {
  readonly #folder: string;

  /** `folder` is made when the first key is kept. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  pathOf(user: string): string {
    // Behind the name: a user may be called `con` or `jess.`, which no file on Windows may.
    return join(this.#folder, `${user.toLowerCase()}_key`);
  }

  /** 64 hex digits; undefined when no key is kept. Rejects with a `KnownPeopleError`: a doubt is no first contact. */
  async read(user: string): Promise<string | undefined> {
    const path = this.pathOf(user);
    let file;
    try {
      file = await readSmallFile(path, MAX_FILE_BYTES);
    } catch (error) {
      throw new KnownPeopleError(`${path}: ${(error as Error).message}`, { cause: error });
    }
    if (file.state === 'absent') return undefined;
    if (file.state === 'unfit' || !keyPattern.test(file.text)) {
      throw new KnownPeopleError(
        `${path}: it holds no identity key; put the right file back, or delete it to trust the next key`,
      );
    }
    return file.text.trim();
  }

  /**
   * Keeps the first key of a user, and gives the one that is kept: another client may have been faster.
   * Rejects when it cannot be kept, with a `KnownPeopleError` when that must not be a first contact.
   */
  async keepFirst(user: string, key: string): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    if ((await readdir(this.#folder)).length >= MAX_KNOWN_PEOPLE) {
      throw new KnownPeopleError(
        `${this.#folder}: it holds the keys of ${MAX_KNOWN_PEOPLE} people; delete those you need no more`,
      );
    }
    const isMade = await createFile(this.pathOf(user), `${key}\n`, FILE_MODE);
    return isMade ? key : ((await this.read(user)) ?? key);
  }

  /** Rejects when it cannot be kept. */
  async replace(user: string, key: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    await replaceFile(this.pathOf(user), `${key}\n`, FILE_MODE);
  }
}
