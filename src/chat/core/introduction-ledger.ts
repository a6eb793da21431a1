import type { Refusal } from './protocol.ts';

/** How long the receiver's engine expects the key of an introduction. */
export const INTRODUCTION_MS = 60_000;
export const MAX_INTRODUCTIONS_PER_PAIR = 64;
export const MAX_INTRODUCTIONS_PER_RECEIVER = 256;

interface Introduction {
  readonly from: string;
  readonly expiresAtMs: number;
}

/**
 * Counts the introductions that a receiver still expects, so that nobody can fill another one's
 * memory with keys: 64 from one sender, 256 from all.
 */
export class IntroductionLedger {
  /** By receiver, the oldest first. */
  readonly #live = new Map<string, Introduction[]>();

  /** Enters one, or says why not. */
  enter(from: string, to: string, nowMs: number): Refusal | undefined {
    const live = (this.#live.get(to) ?? []).filter(({ expiresAtMs }) => expiresAtMs > nowMs);
    this.#live.set(to, live);
    const fromSender = live.filter((introduction) => introduction.from === from);
    if (fromSender.length >= MAX_INTRODUCTIONS_PER_PAIR) return 'too-fast';
    if (live.length >= MAX_INTRODUCTIONS_PER_RECEIVER) return 'busy';
    live.push({ from, expiresAtMs: nowMs + INTRODUCTION_MS });
    return undefined;
  }

  /** The receiver has left: its engine expects nothing more. */
  forget(receiver: string): void {
    this.#live.delete(receiver);
  }
}
