import type { IntroductionKey, Refusal } from './protocol.ts';

/** What both sides of an introduction get. */
export type SharedKey = Omit<IntroductionKey, 'peerKey'>;

/** How long the receiver's engine expects the key of an introduction. */
export const INTRODUCTION_MS = 60_000;
export const MAX_INTRODUCTIONS_PER_PAIR = 64;
export const MAX_INTRODUCTIONS_PER_RECEIVER = 256;

/** Times that the sender of one may ask its receiver what it sees; each shows the receiver a line at most. */
export const MAX_COMPARES_PER_INTRODUCTION = 3;

const KEY_ID_BYTES = 8; // DESIGN §2: the key id of an introduction
const SECRET_BYTES = 32;

interface Introduction {
  readonly keyId: string;
  readonly from: string;
  readonly expiresAtMs: number;
  compareCount: number;
  /** Its sender has asked and was not told yet. */
  isAsked: boolean;
}

/**
 * Counts the introductions that a receiver still expects, so that nobody can fill another one's
 * memory with keys: 64 from one sender, 256 from all.
 */
export class IntroductionLedger {
  /** By receiver, the oldest first. */
  readonly #live = new Map<string, Introduction[]>();
  readonly #randomHex: (byteCount: number) => string;

  /** `randomHex`: so many random bytes as hex digits, unpredictable. */
  constructor(randomHex: (byteCount: number) => string) {
    this.#randomHex = randomHex;
  }

  /** Enters one and draws its key, or says why not. */
  enter(from: string, to: string, nowMs: number): SharedKey | Refusal {
    const live = (this.#live.get(to) ?? []).filter(({ expiresAtMs }) => expiresAtMs > nowMs);
    this.#live.set(to, live);
    const fromSender = live.filter((introduction) => introduction.from === from);
    if (fromSender.length >= MAX_INTRODUCTIONS_PER_PAIR) return 'too-fast';
    if (live.length >= MAX_INTRODUCTIONS_PER_RECEIVER) return 'busy';
    const keyId = this.#randomHex(KEY_ID_BYTES);
    const expiresAtMs = nowMs + INTRODUCTION_MS;
    live.push({ keyId, from, expiresAtMs, compareCount: 0, isAsked: false });
    return { keyId, secret: this.#randomHex(SECRET_BYTES) };
  }

  /** The receiver does not expect it: returns whose it was, if it is live. */
  decline(keyId: string, to: string, nowMs: number): string | undefined {
    const live = this.#live.get(to) ?? [];
    const index = live.findIndex((introduction) => introduction.keyId === keyId);
    if (index < 0) return undefined;
    const [declined] = live.splice(index, 1);
    return declined!.expiresAtMs > nowMs ? declined!.from : undefined;
  }

  /** Its sender asks what `to` sees; false when it is not live, another's, or was asked about often enough. */
  compare(keyId: string, from: string, to: string, nowMs: number): boolean {
    const introduction = this.#find(keyId, to, nowMs);
    if (introduction?.from !== from) return false;
    if (introduction.compareCount >= MAX_COMPARES_PER_INTRODUCTION) return false;
    introduction.compareCount += 1;
    introduction.isAsked = true;
    return true;
  }

  /** Its receiver says what it sees: returns who has asked, once for each time. */
  saw(keyId: string, to: string, nowMs: number): string | undefined {
    const introduction = this.#find(keyId, to, nowMs);
    if (introduction?.isAsked !== true) return undefined;
    introduction.isAsked = false;
    return introduction.from;
  }

  #find(keyId: string, to: string, nowMs: number): Introduction | undefined {
    const live = this.#live.get(to) ?? [];
    return live.find((entry) => entry.keyId === keyId && entry.expiresAtMs > nowMs);
  }

  /** The receiver has left: its engine expects nothing more. */
  forget(receiver: string): void {
    this.#live.delete(receiver);
  }
}
