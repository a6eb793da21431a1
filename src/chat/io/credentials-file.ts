import { readFile, realpath, stat } from 'node:fs/promises';
import { addUser, readCredentials, replacePassword } from '../core/credentials.ts';
import type { StoredPassword } from '../core/stored-password.ts';
import { replaceFile } from './atomic-file.ts';
import { ServerStartError } from './server-start-error.ts';

/** credentials.txt: read once at start, and again before each change, since people edit it too. */
export class CredentialsFile {
  readonly #path: string;
  /** Changes one after the other: each reads what the one before has written. */
  #lastChange: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws a `ServerStartError` that names file and line. */
  async read(): Promise<ReadonlyMap<string, StoredPassword>> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const reason = isMissing ? 'no such file' : (error as Error).message;
      throw new ServerStartError('file', `${this.#path}: ${reason}`, { cause: error });
    }
    const reading = readCredentials(text);
    if ('users' in reading) return reading.users;
    const { line, reason } = reading.fault;
    throw new ServerStartError('file', `${this.#path}:${line}: ${reason}`);
  }

  /**
   * Puts `replacement` into the line of `user` if that still holds `expected`, atomically, every
   * other byte as it was; says whether it did. Rejects when the file cannot be written; it is then
   * as before.
   */
  replacePassword(
    user: string,
    expected: StoredPassword,
    replacement: StoredPassword,
  ): Promise<boolean> {
    return this.#change((text) => replacePassword(text, user, expected, replacement));
  }

  /** The same with a new line at the end, unless somebody has that name. */
  addUser(user: string, stored: StoredPassword): Promise<boolean> {
    return this.#change((text) => addUser(text, user, stored));
  }

  /** Resolves when no change is under way. */
  settled(): Promise<void> {
    return this.#lastChange;
  }

  #change(changed: (text: string) => string | undefined): Promise<boolean> {
    const change = this.#lastChange.then(async () => {
      const path = await realpath(this.#path); // a link stays a link
      const text = await readFile(path, 'utf8');
      // Bytes that are not UTF-8 would not survive: somebody has broken the file since the start.
      if ('fault' in readCredentials(text)) return false;
      const replacement = changed(text);
      if (replacement === undefined) return false;
      await replaceFile(path, replacement, (await stat(path)).mode & 0o777);
      return true;
    });
    // Whoever asked for it is told.
    this.#lastChange = change.then(
      () => undefined,
      () => undefined,
    );
    return change;
  }
}
