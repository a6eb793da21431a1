import type { Connection } from './connection/connection.ts';
import type { TransportIntroduction } from './introduction.ts';
import type { PeerAddress } from './transport.ts';

/**
 * Times that a stored OPEN_ACK is sent in all: as often as an opener repeats its OPEN in 60 s. Each
 * answers one OPEN of 1,200 bytes and is never longer, so nothing is amplified. With 8 answers 3 of
 * 20,000 random openings over very bad links died unheard.
 */
export const MAX_ANSWERS = 24;
/**
 * Handshakes that OPENs with a right tag may begin at once, and how many more a second (DESIGN §9): each
 * costs some tenths of a millisecond, and whoever knows the secret can ask for them.
 */
export const MAX_ATTEMPTS = 32;
export const ATTEMPTS_PER_SEC = 100;
const ATTEMPT_US = 1_000_000 / ATTEMPTS_PER_SEC;
/** Addresses that it goes to. */
export const MAX_ANSWER_ADDRESSES = 4;

/**
 * An introduction whose holder may open one connection here.
 *
 * The first OPEN that opens consumes it; until the opener's first checked packet the same OPEN gets
 * the same answer, any other is a stranger's. It stays consumed until it expires.
 */
export class Expectation {
  readonly introduction: TransportIntroduction;
  readonly expiresAtUs: number;
  #open: Uint8Array | undefined;
  #answer: Uint8Array | undefined;
  #connection: Connection | undefined;
  #answersLeft = MAX_ANSWERS;
  /** Time saved up for attempts; each takes `ATTEMPT_US` of it. */
  #attemptCreditUs = MAX_ATTEMPTS * ATTEMPT_US;
  #attemptAtUs = 0;
  readonly #answered: PeerAddress[] = [];
  #answeredAtUs = 0;

  constructor(introduction: TransportIntroduction, expiresAtUs: number) {
    this.introduction = introduction;
    this.expiresAtUs = expiresAtUs;
  }

  get isConsumed(): boolean {
    return this.#open !== undefined;
  }

  /** The connection that was opened and not yet confirmed. */
  get halfOpen(): Connection | undefined {
    return this.#connection?.isConfirmed === false ? this.#connection : undefined;
  }

  /** Whether an OPEN that may yet open it is worth a handshake now. */
  takeAttempt(nowUs: number): boolean {
    const savedUs = this.#attemptCreditUs + nowUs - this.#attemptAtUs;
    this.#attemptCreditUs = Math.min(MAX_ATTEMPTS * ATTEMPT_US, savedUs);
    this.#attemptAtUs = nowUs;
    if (this.#attemptCreditUs < ATTEMPT_US) return false;
    this.#attemptCreditUs -= ATTEMPT_US;
    return true;
  }

  /** Remembers which OPEN opened which connection, and what it was answered. */
  consume(open: Uint8Array, answer: Uint8Array, connection: Connection): void {
    this.#open = Uint8Array.from(open);
    this.#answer = answer;
    this.#connection = connection;
  }

  /** The stored answer, if this is the opener's OPEN once more and may be answered once more. */
  answerTo(open: Uint8Array, from: PeerAddress, nowUs: number): Uint8Array | undefined {
    if (this.halfOpen === undefined || this.#answersLeft === 0) return undefined;
    if (!isSameBytes(open, this.#open!)) return undefined;
    const known = this.#answered.some((a) => a.port === from.port && a.address === from.address);
    if (!known) {
      if (this.#answered.length === MAX_ANSWER_ADDRESSES) return undefined;
      this.#answered.push(from);
    }
    this.#answersLeft--;
    this.#answeredAtUs = nowUs;
    return this.#answer;
  }

  /** A round trip, if OPEN_ACK left only once. */
  roundTripUs(nowUs: number): number | undefined {
    return this.#answersLeft === MAX_ANSWERS - 1 ? nowUs - this.#answeredAtUs : undefined;
  }

  /** Lets go of what only a half-open connection needs. */
  onConfirmed(): void {
    this.#answer = undefined;
    this.#open = EMPTY;
  }
}

const EMPTY = new Uint8Array(0);

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
