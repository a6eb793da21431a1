import assert from 'node:assert/strict';
import { networkOf } from './network-address.ts';
import type { UserView } from './protocol.ts';

/** One connection as the server knows it. */
export interface Session {
  readonly id: number;
  readonly address: string;
  /** When it was opened, or when its last attempt to log in was answered. */
  idleSinceMs: number;
  /** When its last frame came. */
  heardAtMs: number;
  pingedAtMs: number;
  /** An attempt of it waits or is being checked. */
  isLoggingIn: boolean;
  /** What its last attempt to log in said of its endpoint; empty before one. */
  publicKey: string;
  /** Its client said then that it understands `compare`. */
  compares: boolean;
  /** Who it is; undefined before login. */
  user: UserView | undefined;
}

/** A session that has logged in. */
export type NamedSession = Session & { readonly user: UserView };

/** All connections: each takes a descriptor and up to one frame of memory. */
export const MAX_CONNECTIONS = 4_096;
/** Connections of one network that have not logged in; beyond it the one idle longest makes room. */
export const MAX_UNNAMED_PER_NETWORK = 256;

/**
 * The open connections and the limits on them.
 *
 * Someone who opens connections and says nothing loses the oldest of them to every newcomer, so
 * that idle connections never keep anybody out: first those of the same network, and when the
 * whole table is full, those of any. Whoever has logged in or is being checked stays.
 */
export class SessionTable {
  readonly #sessions = new Map<number, Session>();
  /** Not logged in, by network, the oldest first. */
  readonly #unnamed = new Map<string, Set<Session>>();

  get size(): number {
    return this.#sessions.size;
  }

  all(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  /** Whom to close so that one more connection from `address` fits; `isFull` when nobody can be. */
  makeRoom(address: string): { readonly evicted?: Session; readonly isFull: boolean } {
    const neighbours = this.#unnamed.get(networkOf(address));
    let evicted: Session | undefined;
    if (neighbours && neighbours.size >= MAX_UNNAMED_PER_NETWORK) evicted = firstIdle(neighbours);
    else if (this.#sessions.size >= MAX_CONNECTIONS) evicted = firstIdle(this.#sessions.values());
    else return { isFull: false };
    return evicted ? { evicted, isFull: false } : { isFull: true };
  }

  add(id: number, address: string, nowMs: number): Session {
    assert(!this.#sessions.has(id), 'a connection number is used once');
    const session: Session = {
      id,
      address,
      idleSinceMs: nowMs,
      heardAtMs: nowMs,
      pingedAtMs: nowMs,
      isLoggingIn: false,
      publicKey: '',
      compares: false,
      user: undefined,
    };
    this.#sessions.set(id, session);
    const network = networkOf(address);
    const neighbours = this.#unnamed.get(network);
    if (neighbours) neighbours.add(session);
    else this.#unnamed.set(network, new Set([session]));
    return session;
  }

  name(session: Session, user: UserView): void {
    assert(!session.user, 'a session logs in once');
    session.user = user;
    this.#removeUnnamed(session);
  }

  remove(session: Session): void {
    this.#sessions.delete(session.id);
    this.#removeUnnamed(session);
  }

  #removeUnnamed(session: Session): void {
    const network = networkOf(session.address);
    const neighbours = this.#unnamed.get(network);
    neighbours?.delete(session);
    if (neighbours?.size === 0) this.#unnamed.delete(network);
  }
}

function firstIdle(sessions: Iterable<Session>): Session | undefined {
  for (const session of sessions) if (!session.user && !session.isLoggingIn) return session;
  return undefined;
}
