import type { Connection } from './connection/connection.ts';
import type { PeerAddress } from './transport.ts';

/**
 * Times that a stored OPEN_ACK is sent in all: as often as an opener repeats its OPEN in 60 s. Each
 * answers one OPEN of 1,200 bytes and is never longer, so nothing is amplified. With 8 answers 3 of
 * 20,000 random openings over very bad links died unheard.
 */
export const MAX_ANSWERS = 24;
/** Addresses that it goes to. */
export const MAX_ANSWER_ADDRESSES = 4;

/** A connection whose OPEN was accepted and whose opener has not been heard again. */
export class HalfOpen {
  readonly connection: Connection;
  readonly expiresAtUs: number;
  readonly #answer: Uint8Array;
  #answersLeft = MAX_ANSWERS;
  readonly #answered: PeerAddress[] = [];
  #answeredAtUs = 0;

  constructor(connection: Connection, answer: Uint8Array, expiresAtUs: number) {
    this.connection = connection;
    this.#answer = answer;
    this.expiresAtUs = expiresAtUs;
  }

  /** The stored answer, if the opener's OPEN may be answered once more. */
  answerTo(from: PeerAddress, nowUs: number): Uint8Array | undefined {
    if (this.#answersLeft === 0) return undefined;
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
}
