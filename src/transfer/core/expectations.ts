import type { Connection } from './connection/connection.ts';
import { Expectation, ONE_OPENING, TICKET_OPENINGS } from './expectation.ts';
import type { HalfOpen } from './half-open.ts';
import type { TransportIntroduction } from './introduction.ts';

/** Introductions that wait for their OPEN, or were consumed and have not expired. */
export const MAX_EXPECTED = 256;
/** Tickets of one endpoint: each remembers up to 65,536 hashes. */
export const MAX_TICKETS = 16;
/** An introduction opens a connection within this time, and a half-open one is confirmed (DESIGN §3). */
export const INTRODUCTION_US = 60_000_000;

/** What a half-open connection came from. */
interface AcceptedOpen {
  readonly expectation: Expectation;
  readonly openHash: string;
  readonly halfOpen: HalfOpen;
}

/** Who may open connections to this side, and the connections whose opener was not heard again yet. */
export class Expectations {
  /** By key id, the oldest first: all live equally long. */
  readonly #introductions: Map<string, Expectation> = new Map();
  /** By key id; they live as long as the endpoint. */
  readonly #tickets: Map<string, Expectation> = new Map();
  readonly #halfOpen: Map<Connection, AcceptedOpen> = new Map();

  get count(): number {
    return this.#introductions.size + this.#tickets.size;
  }

  get halfOpenCount(): number {
    return this.#halfOpen.size;
  }

  find(keyId: string): Expectation | undefined {
    return this.#introductions.get(keyId) ?? this.#tickets.get(keyId);
  }

  /** Of two to each other; false when too many wait, or it waits already. */
  addIntroduction(introduction: TransportIntroduction, nowUs: number): boolean {
    const { keyId } = introduction;
    if (this.find(keyId) !== undefined || this.#introductions.size >= MAX_EXPECTED) return false;
    const expectation = new Expectation(introduction, ONE_OPENING, nowUs + INTRODUCTION_US);
    this.#introductions.set(keyId, expectation);
    return true;
  }

  /** Of many to this side; false when there are too many, or it is one already. */
  addTicket(ticket: TransportIntroduction): boolean {
    const { keyId } = ticket;
    if (this.find(keyId) !== undefined || this.#tickets.size >= MAX_TICKETS) return false;
    this.#tickets.set(keyId, new Expectation(ticket, TICKET_OPENINGS, Infinity));
    return true;
  }

  /** An OPEN with this hash has opened a connection. */
  accept(expectation: Expectation, openHash: string, halfOpen: HalfOpen): void {
    expectation.accept(openHash, halfOpen);
    this.#halfOpen.set(halfOpen.connection, { expectation, openHash, halfOpen });
  }

  /** The opener of this connection was heard again; what was half open, if it was. */
  confirm(connection: Connection): HalfOpen | undefined {
    this.#halfOpen.get(connection)?.expectation.returnAttempt();
    return this.settle(connection);
  }

  /** What of this connection was half open, if it was, is over. */
  settle(connection: Connection): HalfOpen | undefined {
    const accepted = this.#halfOpen.get(connection);
    this.#halfOpen.delete(connection);
    accepted?.expectation.settle(accepted.openHash);
    return accepted?.halfOpen;
  }

  nextTimeoutUs(): number {
    const oldest = this.#introductions.values().next().value;
    let next = oldest?.expiresAtUs ?? Infinity;
    for (const { halfOpen } of this.#halfOpen.values()) next = Math.min(next, halfOpen.expiresAtUs);
    return next;
  }

  /** Forgets what has expired. */
  handleTimeout(nowUs: number): void {
    for (const [keyId, { expiresAtUs }] of this.#introductions) {
      if (nowUs < expiresAtUs) break;
      this.#introductions.delete(keyId);
    }
    for (const [connection, { halfOpen }] of this.#halfOpen) {
      if (nowUs < halfOpen.expiresAtUs) continue;
      this.settle(connection);
      connection.abort();
    }
  }
}
