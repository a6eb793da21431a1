import { networkOf } from './network-address.ts';

/** What may happen to a login attempt now. */
export type Admission =
  | { readonly verdict: 'blocked' }
  /** Another attempt of the same user and address is being checked; `conclude` names who is next. */
  | { readonly verdict: 'wait' }
  | { readonly verdict: 'check'; readonly delayMs: number };

/** What one user and network has tried. */
interface Record {
  /** Wrong passwords in a row, over all connections. */
  failures: number;
  /** −Infinity when not blocked. */
  blockedUntilMs: number;
  /** One attempt at a time is checked, or parallel guesses would all pass before the first fails. */
  isChecking: boolean;
  readonly waiting: number[];
}

/** Wrong passwords of one user from all addresses. Falls by one every `FORGIVE_MS`. */
interface Pressure {
  failures: number;
  countedAtMs: number;
}

/** So many users and networks are remembered; beyond it the one that failed longest ago is forgotten. */
export const MAX_ATTEMPT_RECORDS = 10_000;
/** Wrong passwords from anywhere before an attempt is delayed: more than one address may make at once. */
const FREE_FAILURES = 10;
const FIRST_DELAY_MS = 250;
export const MAX_DELAY_MS = 5_000;
const FORGIVE_MS = 10_000;
/** Networks of one user that are not slowed; beyond it the one used longest ago is forgotten. */
export const MAX_HOMES_PER_USER = 16;
/** Beyond this the delay grows no more, and neither does the time until it is forgotten. */
const MAX_PRESSURE = 16;

/**
 * Decides who may try a password.
 *
 * N wrong ones in a row block a user for the block time, from that network only: an IPv4 address, or
 * 64 bits of an IPv6 one. A throttle per user over all networks slows distributed guessing: it
 * delays and never refuses, so nobody can lock somebody else out, and it leaves out the networks
 * from which the user has logged in since the server started. Only users that exist are asked about,
 * so strangers cannot fill it.
 */
export class LoginGate {
  readonly #allowedFailures: number;
  readonly #blockMs: number;
  readonly #records = new Map<string, Record>();
  readonly #pressures = new Map<string, Pressure>();
  /** By user: networks of right passwords, in the order of the last one. */
  readonly #homes = new Map<string, Set<string>>();

  constructor(allowedFailures: number, blockMs: number) {
    this.#allowedFailures = allowedFailures;
    this.#blockMs = blockMs;
  }

  get recordCount(): number {
    return this.#records.size;
  }

  /** `ticket` names the attempt while it waits. */
  admit(user: string, address: string, ticket: number, nowMs: number): Admission {
    const record = this.#recordOf(user, address);
    if (nowMs < record.blockedUntilMs) return { verdict: 'blocked' };
    if (record.isChecking) {
      record.waiting.push(ticket);
      return { verdict: 'wait' };
    }
    record.isChecking = true;
    const isHome = this.#homes.get(user)?.has(networkOf(address)) === true;
    return { verdict: 'check', delayMs: isHome ? 0 : this.#delayMs(user, nowMs) };
  }

  /**
   * The attempt that was admitted has ended; `undefined` when its password was never looked at.
   * Returns whether it is answered with `blocked`, and who waited for it: they ask again, in order.
   */
  conclude(
    user: string,
    address: string,
    isRight: boolean | undefined,
    nowMs: number,
  ): { readonly isBlocked: boolean; readonly retry: readonly number[] } {
    const record = this.#recordOf(user, address);
    record.isChecking = false;
    if (isRight === true) {
      record.failures = 0;
      this.#welcome(user, networkOf(address));
    } else if (isRight === false) {
      record.failures += 1;
      this.#press(user, nowMs);
    }
    const isBlocked = record.failures >= this.#allowedFailures;
    if (isBlocked) {
      record.failures = 0;
      record.blockedUntilMs = nowMs + this.#blockMs;
    }
    const retry = record.waiting.splice(0);
    const key = keyOf(user, address);
    this.#records.delete(key);
    // Set again at the end: the map is in the order of the last failure.
    if (record.failures > 0 || isBlocked) this.#records.set(key, record);
    this.#forgetOldest();
    return { isBlocked, retry };
  }

  /** The connection behind a waiting attempt is gone. */
  withdraw(user: string, address: string, ticket: number): void {
    const waiting = this.#records.get(keyOf(user, address))?.waiting;
    const at = waiting?.indexOf(ticket) ?? -1;
    if (at >= 0) waiting!.splice(at, 1);
  }

  #recordOf(user: string, address: string): Record {
    const key = keyOf(user, address);
    let record = this.#records.get(key);
    if (!record) {
      record = { failures: 0, blockedUntilMs: -Infinity, isChecking: false, waiting: [] };
      this.#records.set(key, record);
    }
    return record;
  }

  #forgetOldest(): void {
    if (this.#records.size <= MAX_ATTEMPT_RECORDS) return;
    for (const [key, record] of this.#records) {
      if (record.isChecking) continue; // their number is bounded by the checks that run
      this.#records.delete(key);
      return;
    }
  }

  #welcome(user: string, network: string): void {
    const homes = this.#homes.get(user) ?? new Set();
    homes.delete(network);
    homes.add(network);
    if (homes.size > MAX_HOMES_PER_USER) {
      const [oldest] = homes;
      homes.delete(oldest!);
    }
    this.#homes.set(user, homes);
  }

  #press(user: string, nowMs: number): void {
    const failures = Math.min(this.#pressureOf(user, nowMs) + 1, MAX_PRESSURE);
    this.#pressures.set(user, { failures, countedAtMs: nowMs });
  }

  #pressureOf(user: string, nowMs: number): number {
    const pressure = this.#pressures.get(user);
    if (!pressure) return 0;
    return Math.max(0, pressure.failures - (nowMs - pressure.countedAtMs) / FORGIVE_MS);
  }

  #delayMs(user: string, nowMs: number): number {
    const excess = this.#pressureOf(user, nowMs) - FREE_FAILURES;
    if (excess < 0) return 0;
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.floor(excess));
  }
}

/** No user name holds a space. */
function keyOf(user: string, address: string): string {
  return `${user} ${networkOf(address)}`;
}
