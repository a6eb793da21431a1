import { isUserName } from './credentials.ts';
import type { Refusal } from './protocol.ts';
import type { StoredPassword } from './stored-password.ts';

/** Users of one server: the file that holds them is rewritten for each change. */
export const MAX_USERS = 10_000;
/** What the username prompt of the client takes for a command. */
const NO_NAME = 'reg';

/** Who exists and with which password. Names are unique ignoring case, and found by their own case only. */
export class Accounts {
  readonly #stored: Map<string, StoredPassword>;
  /** In lower case: the names that exist, and those that are being made. */
  readonly #taken: Set<string>;

  constructor(users: ReadonlyMap<string, StoredPassword>) {
    this.#stored = new Map(users);
    this.#taken = new Set([...users.keys()].map((name) => name.toLowerCase()));
  }

  passwordOf(user: string): StoredPassword | undefined {
    return this.#stored.get(user);
  }

  setPassword(user: string, stored: StoredPassword): void {
    this.#stored.set(user, stored);
  }

  /** Holds a name for somebody new until `setPassword` or `release`, or says why not. */
  reserve(user: string): Refusal | undefined {
    // `_` parts the sender from the name of a received file.
    if (!isUserName(user) || user.includes('_')) return 'bad-name';
    const name = user.toLowerCase();
    if (name === NO_NAME || this.#taken.has(name)) return 'name-taken';
    if (this.#taken.size >= MAX_USERS) return 'busy';
    this.#taken.add(name);
    return undefined;
  }

  /** The user was not made after all. */
  release(user: string): void {
    this.#taken.delete(user.toLowerCase());
  }
}
