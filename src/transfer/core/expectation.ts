import type { HalfOpen } from './half-open.ts';
import type { TransportIntroduction } from './introduction.ts';
import type { OpeningSeen } from './opening-notes.ts';

/**
 * Handshakes that OPENs with a right tag may begin in vain at once, and how many more a second (DESIGN
 * §9): each costs some tenths of a millisecond, and whoever knows the secret can ask for them.
 */
export const MAX_ATTEMPTS = 32;
export const ATTEMPTS_PER_SEC = 100;
const ATTEMPT_US = 1_000_000 / ATTEMPTS_PER_SEC;

/** How often the holder of an introduction may open a connection. */
export interface OpeningRight {
  /** In all: each leaves a hash behind, so that its OPEN opens no second one. */
  readonly openings: number;
  /** Whose opener has not been heard again yet. */
  readonly halfOpen: number;
}

/** An introduction of two to each other. */
export const ONE_OPENING: OpeningRight = { openings: 1, halfOpen: 1 };
/** A ticket, which may be given to many (DESIGN §3). */
export const TICKET_OPENINGS: OpeningRight = { openings: 65_536, halfOpen: 16 };

/**
 * An introduction whose holder may open connections here.
 *
 * An OPEN that was accepted gets the same answer until its opener was heard again; then it is a
 * stranger's, and so is every OPEN once all openings are taken. It stays so until it expires.
 */
export class Expectation {
  readonly introduction: TransportIntroduction;
  readonly right: OpeningRight;
  /** Infinity: as long as its endpoint. */
  readonly expiresAtUs: number;
  /** Counts only what has the tag of its holder: a stranger changes nothing. */
  readonly seen: { -readonly [Count in keyof OpeningSeen]: number } = {
    openCount: 0,
    scoutCount: 0,
    answerCount: 0,
  };
  /** By the hash of their OPEN. */
  readonly #halfOpen: Map<string, HalfOpen> = new Map();
  /** Hashes of the OPENs that were accepted. */
  readonly #accepted: Set<string> = new Set();
  /** Time saved up for attempts; each takes `ATTEMPT_US` of it. */
  #attemptCreditUs = MAX_ATTEMPTS * ATTEMPT_US;
  #attemptAtUs = 0;

  constructor(introduction: TransportIntroduction, right: OpeningRight, expiresAtUs: number) {
    this.introduction = introduction;
    this.right = right;
    this.expiresAtUs = expiresAtUs;
  }

  /** No OPEN can mean anything to it any more. */
  get isOver(): boolean {
    return this.#isSpent && this.#halfOpen.size === 0;
  }

  get #isSpent(): boolean {
    return this.#accepted.size >= this.right.openings;
  }

  /** What an OPEN with this hash opened, as long as its opener was not heard again. */
  halfOpenOf(openHash: string): HalfOpen | undefined {
    return this.#halfOpen.get(openHash);
  }

  /** Whether an OPEN with this hash may open a connection: now, later if it comes again, or never. */
  mayOpen(openHash: string): 'now' | 'later' | 'never' {
    if (this.#isSpent || this.#accepted.has(openHash)) return 'never';
    return this.#halfOpen.size < this.right.halfOpen ? 'now' : 'later';
  }

  /** Whether an OPEN that may yet open something is worth a handshake now. */
  takeAttempt(nowUs: number): boolean {
    const savedUs = this.#attemptCreditUs + nowUs - this.#attemptAtUs;
    this.#attemptCreditUs = Math.min(MAX_ATTEMPTS * ATTEMPT_US, savedUs);
    this.#attemptAtUs = nowUs;
    if (this.#attemptCreditUs < ATTEMPT_US) return false;
    this.#attemptCreditUs -= ATTEMPT_US;
    return true;
  }

  /** An attempt has led to an opener that was heard again: only the others are counted. */
  returnAttempt(): void {
    this.#attemptCreditUs = Math.min(MAX_ATTEMPTS * ATTEMPT_US, this.#attemptCreditUs + ATTEMPT_US);
  }

  /** The OPEN with this hash has opened a connection. */
  accept(openHash: string, halfOpen: HalfOpen): void {
    this.#accepted.add(openHash);
    this.#halfOpen.set(openHash, halfOpen);
  }

  /** The opener was heard again, or has taken too long. */
  settle(openHash: string): void {
    this.#halfOpen.delete(openHash);
  }
}
