import type { LoginAttempt, PasswordOutcome } from '../core/effect.ts';
import type { ScryptCost, StoredPassword } from '../core/stored-password.ts';
import type { CredentialsFile } from './credentials-file.ts';
import { hashPassword, isRightPassword, PasswordChecks } from './password-checks.ts';

/** Answers whether the password of an attempt is right, and upgrades a plain one that is. */
export class LoginChecks {
  readonly #credentials: CredentialsFile;
  readonly #cost: ScryptCost;
  readonly #onError: (event: string) => void;
  readonly #checks = new PasswordChecks();

  /** `cost` is that of new hashes. `onError` gets a line for the log. */
  constructor(credentials: CredentialsFile, cost: ScryptCost, onError: (event: string) => void) {
    this.#credentials = credentials;
    this.#cost = cost;
    this.#onError = onError;
  }

  /** Never rejects: a check that could not be made was not wrong. */
  async check(attempt: LoginAttempt, stored: StoredPassword): Promise<PasswordOutcome> {
    const work = (): Promise<PasswordOutcome> => this.#outcomeOf(attempt, stored);
    try {
      return (await this.#checks.run(attempt.address, work)) ?? { verdict: 'busy' };
    } catch (error) {
      this.#onError(`a password check failed: ${(error as Error).message}`);
      return { verdict: 'busy' };
    }
  }

  async #outcomeOf(
    { user, password }: LoginAttempt,
    stored: StoredPassword,
  ): Promise<PasswordOutcome> {
    if (!(await isRightPassword(password, stored))) return { verdict: 'wrong' };
    if (stored.kind === 'scrypt') return { verdict: 'right' };
    const upgraded = await hashPassword(password, this.#cost);
    try {
      await this.#credentials.replacePassword(user, stored, upgraded);
      return { verdict: 'right', upgraded };
    } catch (error) {
      this.#onError(`credentials.txt cannot be written: ${(error as Error).message}`);
      return { verdict: 'right' };
    }
  }
}
