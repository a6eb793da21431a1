import type { SafeText } from '../../text/safe-text.ts';
import { NO_OTHER_USER, userLine } from './client-texts.ts';
import type { UserView } from './protocol.ts';

/** More than a server takes, so that none can fill a client's memory. */
export const MAX_ONLINE_USERS = 10_000;

/** Who else is online, as far as the server has told, in the order of login. */
export class OnlineUsers {
  readonly #users: Map<string, UserView> = new Map();

  get count(): number {
    return this.#users.size;
  }

  add(users: readonly UserView[]): void {
    for (const user of users) {
      if (this.#users.size < MAX_ONLINE_USERS) this.#users.set(user.user, user);
    }
  }

  remove(user: string): void {
    this.#users.delete(user);
  }

  /** A new list follows. */
  clear(): void {
    this.#users.clear();
  }

  names(): readonly string[] {
    return [...this.#users.keys()];
  }

  /** A line each; one that says so when there is nobody. */
  lines(): readonly SafeText[] {
    const users = [...this.#users.values()];
    return users.length === 0 ? [NO_OTHER_USER] : users.map(userLine);
  }
}
