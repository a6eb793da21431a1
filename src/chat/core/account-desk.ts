import assert from 'node:assert/strict';
import { Accounts } from './accounts.ts';
import { AddressBudget } from './address-budget.ts';
import { isNewPassword } from './credentials.ts';
import type {
  ChangeOutcome,
  Effect,
  PasswordAttempt,
  PasswordChange,
  PasswordOutcome,
  RequestOrigin,
} from './effect.ts';
import { LoginGate } from './login-gate.ts';
import type { Refusal } from './protocol.ts';
import type { StoredPassword } from './stored-password.ts';

/** New users of one network: so many at once, and later one a minute. */
export const REGISTRATION_BURST = 5;
const REGISTRATIONS_PER_SEC = 1 / 60;

/** What becomes of a request. One that must wait for another has no step yet. */
export type DeskStep =
  | Extract<Effect, { do: 'check-password' | 'save-password' }>
  | { readonly do: 'refuse'; readonly origin: RequestOrigin; readonly reason: Refusal }
  | {
      readonly do: 'log-in';
      readonly origin: RequestOrigin;
      readonly udpPort: number;
      readonly isNewUser: boolean;
    }
  | { readonly do: 'confirm-change'; readonly origin: RequestOrigin };

export interface AccountDeskOptions {
  readonly users: ReadonlyMap<string, StoredPassword>;
  /** Wrong passwords in a row that block: 1 to 5. */
  readonly allowedFailures: number;
  readonly blockMs: number;
  /** Whether strangers may become users. */
  readonly takesNewUsers: boolean;
}

/** Takes requests about accounts to their answers: who exists, who may try, what a check said. */
export class AccountDesk {
  readonly #accounts: Accounts;
  readonly #gate: LoginGate;
  readonly #takesNewUsers: boolean;
  readonly #registrations = new AddressBudget(REGISTRATION_BURST, REGISTRATIONS_PER_SEC);
  /** Waiting or being checked, by connection: a connection has one at a time. */
  readonly #attempts = new Map<number, PasswordAttempt>();
  /** By connection: what the password is compared with. */
  readonly #checking = new Map<number, StoredPassword | undefined>();

  constructor({ users, allowedFailures, blockMs, takesNewUsers }: AccountDeskOptions) {
    this.#accounts = new Accounts(users);
    this.#gate = new LoginGate(allowedFailures, blockMs);
    this.#takesNewUsers = takesNewUsers;
  }

  logIn(
    origin: RequestOrigin,
    password: string,
    udpPort: number,
    nowMs: number,
  ): DeskStep | undefined {
    return this.#begin({ ...origin, password, purpose: { do: 'log-in', udpPort } }, nowMs);
  }

  /** The old password is checked as at a login, and wrong ones count. */
  changePassword(
    origin: RequestOrigin,
    password: string,
    newPassword: string,
    nowMs: number,
  ): DeskStep | undefined {
    if (!isNewPassword(newPassword)) return { do: 'refuse', origin, reason: 'bad-password' };
    const purpose = { do: 'change-password', newPassword } as const;
    return this.#begin({ ...origin, password, purpose }, nowMs);
  }

  register(origin: RequestOrigin, newPassword: string, udpPort: number, nowMs: number): DeskStep {
    const reason = this.#reserve(origin, newPassword, nowMs);
    if (reason) return { do: 'refuse', origin, reason };
    const change = { ...origin, newPassword, udpPort, stored: undefined };
    return { do: 'save-password', change };
  }

  /** The steps of the attempt that was checked and of those that waited for it. */
  handleChecked(connection: number, outcome: PasswordOutcome, nowMs: number): DeskStep[] {
    const attempt = this.#attempts.get(connection);
    const stored = this.#checking.get(connection);
    if (!attempt || !this.#checking.delete(connection)) return [];
    this.#attempts.delete(connection);
    if (!stored) {
      const reason = outcome.verdict === 'busy' ? 'busy' : 'unknown-user';
      return [{ do: 'refuse', origin: attempt, reason }];
    }
    const { user, address } = attempt;
    const isRight = outcome.verdict === 'busy' ? undefined : outcome.verdict === 'right';
    const { isBlocked, retry } = this.#gate.conclude(user, address, isRight, nowMs);
    if (outcome.verdict === 'right' && outcome.upgraded) {
      this.#accounts.setPassword(user, outcome.upgraded);
    }
    const steps: DeskStep[] = [this.#answerTo(attempt, outcome, isBlocked)];
    for (const ticket of retry) {
      const waiting = this.#attempts.get(ticket);
      assert(waiting, 'whoever waits has an attempt');
      const step = this.#begin(waiting, nowMs);
      if (step) steps.push(step);
    }
    return steps;
  }

  handleSaved(change: PasswordChange, outcome: ChangeOutcome): DeskStep {
    const { user, udpPort } = change;
    const isNewUser = udpPort !== undefined;
    if (outcome.verdict === 'refused') {
      if (isNewUser) this.#accounts.release(user);
      return { do: 'refuse', origin: change, reason: outcome.reason };
    }
    this.#accounts.setPassword(user, outcome.stored);
    return isNewUser
      ? { do: 'log-in', origin: change, udpPort, isNewUser }
      : { do: 'confirm-change', origin: change };
  }

  /** The connection is gone. What is being checked goes on, so that it counts. */
  withdraw(connection: number): void {
    const attempt = this.#attempts.get(connection);
    if (!attempt || this.#checking.has(connection)) return;
    this.#gate.withdraw(attempt.user, attempt.address, connection);
    this.#attempts.delete(connection);
  }

  #begin(attempt: PasswordAttempt, nowMs: number): DeskStep | undefined {
    const { user, address, connection } = attempt;
    const stored = this.#accounts.passwordOf(user);
    // Who does not exist has no record: strangers could fill the memory with names. But the answer
    // takes a check, as all others do.
    const admission = stored
      ? this.#gate.admit(user, address, connection, nowMs)
      : ({ verdict: 'check', delayMs: 0 } as const);
    if (admission.verdict === 'blocked') {
      this.#attempts.delete(connection);
      return { do: 'refuse', origin: attempt, reason: 'blocked' };
    }
    this.#attempts.set(connection, attempt);
    if (admission.verdict === 'wait') return undefined;
    this.#checking.set(connection, stored);
    return { do: 'check-password', attempt, stored, delayMs: admission.delayMs };
  }

  #answerTo(attempt: PasswordAttempt, outcome: PasswordOutcome, isBlocked: boolean): DeskStep {
    if (outcome.verdict === 'busy') return { do: 'refuse', origin: attempt, reason: 'busy' };
    if (outcome.verdict === 'wrong') {
      return { do: 'refuse', origin: attempt, reason: isBlocked ? 'blocked' : 'wrong-password' };
    }
    const { purpose, connection, request, user, address } = attempt;
    if (purpose.do === 'log-in') {
      return { do: 'log-in', origin: attempt, udpPort: purpose.udpPort, isNewUser: false };
    }
    const { newPassword } = purpose;
    const stored = this.#accounts.passwordOf(user);
    const change = { connection, request, user, address, newPassword, stored };
    return { do: 'save-password', change };
  }

  /** Why not; without a reason the name is held for `handleSaved`. */
  #reserve(
    { user, address }: RequestOrigin,
    newPassword: string,
    nowMs: number,
  ): Refusal | undefined {
    if (!this.#takesNewUsers) return 'no-registration';
    if (!isNewPassword(newPassword)) return 'bad-password';
    const refusal = this.#accounts.reserve(user);
    if (refusal) return refusal;
    if (this.#registrations.tryTake(address, nowMs)) return undefined;
    this.#accounts.release(user);
    return 'too-fast';
  }
}
