import { isUserName } from './core/credentials.ts';
import { checkCodeOf } from './io/check-code.ts';
import { type KnownPeople, KnownPeopleError } from './io/known-people.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';

/** Whether a user has the key that is known; `reason` is a clause without its full stop. */
export type PeerVerdict = { readonly isTrusted: true } | { readonly reason: string };

/** Check codes, refused keys and keys that could not be kept: so many of each are remembered. */
export const MAX_REMEMBERED = 1_000;

export interface PeerTrustOptions {
  /** Of this client's endpoint: 64 hex digits, as all keys here. */
  readonly ownKey: string;
  readonly people: KnownPeople;
  readonly warn: (line: SafeText) => void;
}

/**
 * Decides whether a user is the one whom this client met before: by the first identity key that the
 * server gave for that name. Another one is refused until `accept`, so after the first contact not even
 * the server can put itself in between.
 */
export class PeerTrust {
  readonly #options: PeerTrustOptions;
  /** By user in lower case: keys that were refused last. */
  readonly #refused: Map<string, string> = new Map();
  /** By user in lower case: first keys that could not be kept for the next run. */
  readonly #unkept: Map<string, string> = new Map();
  readonly #codes: Map<string, Promise<string>> = new Map();

  constructor(options: PeerTrustOptions) {
    this.#options = options;
  }

  /** What the server says is the key of `user`. */
  async judge(user: string, key: string): Promise<PeerVerdict> {
    // A name decides on the name of a file, and a person must be able to type it.
    if (!isUserName(user)) return { reason: 'that is no name for a user' };
    let known: string;
    try {
      known = (await this.#knownKey(user)) ?? (await this.#meet(user, key));
    } catch (error) {
      if (!(error instanceof KnownPeopleError)) throw error;
      return { reason: `the identity key cannot be compared, ${error.message}` };
    }
    if (known === key) {
      this.#refused.delete(user.toLowerCase());
      return { isTrusted: true };
    }
    remember(this.#refused, user.toLowerCase(), key);
    const code = await this.#codeOf(key);
    return {
      reason: `${user} has a new identity key: a new client, or somebody sits in between; if ${user} sees the check code ${code} too, accept it with TRUST ${user}`,
    };
  }

  /** TRUST: what became of it. */
  async accept(user: string): Promise<SafeText> {
    if (!isUserName(user)) return safeLine`That is no name for a user.`;
    const refused = this.#refused.get(user.toLowerCase());
    try {
      if (refused === undefined) return await this.#whatIsKnown(user);
      await this.#options.people.replace(user, refused);
    } catch (error) {
      return safeLine`That key cannot be kept: ${(error as Error).message}. Nothing has changed.`;
    }
    this.#unkept.delete(user.toLowerCase());
    this.#refused.delete(user.toLowerCase());
    const code = await this.#codeOf(refused);
    return safeLine`The new identity key of ${user} is trusted from now on. Check code: ${code}.`;
  }

  /** What this client and that user can compare; undefined before their first contact. */
  async checkCode(user: string): Promise<string | undefined> {
    if (!isUserName(user)) return undefined;
    const key = await this.#knownKey(user).catch(() => undefined);
    return key === undefined ? undefined : this.#codeOf(key);
  }

  async #whatIsKnown(user: string): Promise<SafeText> {
    const key = await this.#knownKey(user);
    if (key === undefined) {
      return safeLine`No identity key of ${user} is known: the first one will be trusted.`;
    }
    const code = await this.#codeOf(key);
    return safeLine`${user} has no new identity key. Check code of the known one: ${code}.`;
  }

  async #knownKey(user: string): Promise<string | undefined> {
    return (await this.#options.people.read(user)) ?? this.#unkept.get(user.toLowerCase());
  }

  /** The first contact: gives the key that counts from now on. */
  async #meet(user: string, key: string): Promise<string> {
    try {
      return await this.#options.people.keepFirst(user, key);
    } catch (error) {
      if (error instanceof KnownPeopleError) throw error;
      this.#options.warn(
        safeLine`The identity key of ${user} cannot be kept for the next time: ${(error as Error).message}.`,
      );
      remember(this.#unkept, user.toLowerCase(), key);
      return key;
    }
  }

  #codeOf(key: string): Promise<string> {
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const code = checkCodeOf(this.#options.ownKey, key);
    remember(this.#codes, key, code);
    return code;
  }
}

/** The oldest is forgotten for a new one. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  const [oldest] = map.keys();
  map.delete(oldest!);
}
