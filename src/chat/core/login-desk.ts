import assert from 'node:assert/strict';
import type { LoginAttempt, PasswordOutcome } from './effect.ts';
import { LoginGate } from './login-gate.ts';
import type { Refusal } from './protocol.ts';
import type { StoredPassword } from './stored-password.ts';

/** What becomes of an attempt. One that must wait for another has no step yet. */
export type LoginStep =
  | {
      readonly verdict: 'check';
      readonly attempt: LoginAttempt;
      readonly stored: StoredPassword;
      readonly delayMs: number;
    }
  | { readonly verdict: 'refused'; readonly attempt: LoginAttempt; readonly reason: Refusal }
  | { readonly verdict: 'accepted'; readonly attempt: LoginAttempt };

/** Takes attempts to log in to their answers: who exists, who may try, what the check said. */
export class LoginDesk {
  readonly #users: Map<string, StoredPassword>;
  readonly #gate: LoginGate;
  /** Waiting or being checked, by connection: a connection has one at a time. */
  readonly #attempts = new Map<number, LoginAttempt>();
  readonly #checking = new Set<number>();

  constructor(
    users: ReadonlyMap<string, StoredPassword>,
    allowedFailures: number,
    blockMs: number,
  ) {
    this.#users = new Map(users);
    this.#gate = new LoginGate(allowedFailures, blockMs);
  }

  begin(attempt: LoginAttempt, nowMs: number): LoginStep | undefined {
    const stored = this.#users.get(attempt.user);
    if (!stored) return { verdict: 'refused', attempt, reason: 'unknown-user' };
    const { user, address, connection } = attempt;
    const admission = this.#gate.admit(user, address, connection, nowMs);
    if (admission.verdict === 'blocked') {
      this.#attempts.delete(connection);
      return { verdict: 'refused', attempt, reason: 'blocked' };
    }
    this.#attempts.set(connection, attempt);
    if (admission.verdict === 'wait') return undefined;
    this.#checking.add(connection);
    return { verdict: 'check', attempt, stored, delayMs: admission.delayMs };
  }

  /** The steps of the attempt that was checked and of those that waited for it. */
  conclude(connection: number, outcome: PasswordOutcome, nowMs: number): LoginStep[] {
    const attempt = this.#attempts.get(connection);
    if (!attempt || !this.#checking.delete(connection)) return [];
    this.#attempts.delete(connection);
    const { user, address } = attempt;
    const isRight = outcome.verdict === 'busy' ? undefined : outcome.verdict === 'right';
    const { isBlocked, retry } = this.#gate.conclude(user, address, isRight, nowMs);
    if (outcome.verdict === 'right' && outcome.upgraded) this.#users.set(user, outcome.upgraded);
    const steps: LoginStep[] = [answerTo(attempt, outcome, isBlocked)];
    for (const ticket of retry) {
      const waiting = this.#attempts.get(ticket);
      assert(waiting, 'whoever waits has an attempt');
      const step = this.begin(waiting, nowMs);
      if (step) steps.push(step);
    }
    return steps;
  }

  /** The connection is gone. What is being checked goes on, so that it counts. */
  withdraw(connection: number): void {
    const attempt = this.#attempts.get(connection);
    if (!attempt || this.#checking.has(connection)) return;
    this.#gate.withdraw(attempt.user, attempt.address, connection);
    this.#attempts.delete(connection);
  }
}

function answerTo(attempt: LoginAttempt, outcome: PasswordOutcome, isBlocked: boolean): LoginStep {
  if (outcome.verdict === 'right') return { verdict: 'accepted', attempt };
  if (outcome.verdict === 'busy') return { verdict: 'refused', attempt, reason: 'busy' };
  return { verdict: 'refused', attempt, reason: isBlocked ? 'blocked' : 'wrong-password' };
}
