import type {
  ChangeOutcome,
  PasswordAttempt,
  PasswordChange,
  PasswordOutcome,
} from '../core/effect.ts';
import type { ScryptCost, StoredPassword } from '../core/stored-password.ts';
import type { Clock } from './clock.ts';
import type { CredentialsFile } from './credentials-file.ts';
import { hashPassword, isRightPassword } from './password-hash.ts';
import { PasswordQueue } from './password-queue.ts';

/** Checks passwords and saves new ones, a few at a time. Never rejects. */
export class PasswordOffice {
  readonly #credentials: CredentialsFile;
  readonly #cost: ScryptCost;
  readonly #onError: (event: string) => void;
  readonly #queue: PasswordQueue;

  /** `cost` is that of new hashes. `onError` gets a line for the log. */
  constructor(
    credentials: CredentialsFile,
    cost: ScryptCost,
    clock: Clock,
    onError: (event: string) => void,
  ) {
    this.#queue = new PasswordQueue(clock);
    this.#credentials = credentials;
    this.#cost = cost;
    this.#onError = onError;
  }

  /** Whether the password is right; a plain one that is becomes a hash. */
  async check(
    attempt: PasswordAttempt,
    stored: StoredPassword | undefined,
  ): Promise<PasswordOutcome> {
    const work = (): Promise<PasswordOutcome> => this.#outcomeOf(attempt, stored);
    // A check that could not be made was not wrong.
    return (await this.#run('a password check', attempt.address, work)) ?? { verdict: 'busy' };
  }

  /** Hashes the new password and puts it into the file. */
  async save(change: PasswordChange): Promise<ChangeOutcome> {
    const work = (): Promise<ChangeOutcome> => this.#saved(change);
    const outcome = await this.#run('a new password', change.address, work);
    return outcome ?? { verdict: 'refused', reason: 'busy' };
  }

  /** Undefined when too many wait, or when it could not be done. */
  async #run<Outcome extends PasswordOutcome | ChangeOutcome>(
    what: string,
    address: string,
    work: () => Promise<Outcome>,
  ): Promise<Outcome | undefined> {
    try {
      return await this.#queue.run(address, work, ({ verdict }) => verdict === 'wrong');
    } catch (error) {
      this.#onError(`${what} failed: ${(error as Error).message}`);
      return undefined;
    }
  }

  async #outcomeOf(
    { user, password }: PasswordAttempt,
    stored: StoredPassword | undefined,
  ): Promise<PasswordOutcome> {
    if (stored?.kind === 'scrypt') {
      return { verdict: (await isRightPassword(password, stored)) ? 'right' : 'wrong' };
    }
    // Who does not exist, and who has a plain password, takes as long as all others.
    const upgraded = await hashPassword(password, this.#cost);
    if (!stored || !(await isRightPassword(password, stored))) return { verdict: 'wrong' };
    const isSaved = await this.#write(() =>
      this.#credentials.replacePassword(user, stored, upgraded),
    );
    return isSaved === undefined ? { verdict: 'right' } : { verdict: 'right', upgraded };
  }

  async #saved({ user, stored, newPassword }: PasswordChange): Promise<ChangeOutcome> {
    const replacement = await hashPassword(newPassword, this.#cost);
    const isSaved = await this.#write(() =>
      stored
        ? this.#credentials.replacePassword(user, stored, replacement)
        : this.#credentials.addUser(user, replacement),
    );
    if (isSaved === true) return { verdict: 'saved', stored: replacement };
    // Somebody has edited the file since the start: the line of that user is not ours to change.
    const isTaken = isSaved === false && !stored;
    return { verdict: 'refused', reason: isTaken ? 'name-taken' : 'not-saved' };
  }

  /** Undefined when the file cannot be written. */
  async #write(change: () => Promise<boolean>): Promise<boolean | undefined> {
    try {
      return await change();
    } catch (error) {
      this.#onError(`credentials.txt cannot be written: ${(error as Error).message}`);
      return undefined;
    }
  }
}
