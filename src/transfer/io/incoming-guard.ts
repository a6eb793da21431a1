import { CloseCode, type TransportConnection } from '../core/index.ts';
import type { ReceivingMessage } from '../files/receiving/receiving-message.ts';
import type { ReceivingTransfer } from '../files/receiving/receiving-transfer.ts';
import type { Timers } from './clock.ts';

/**
 * Connections that one peer, or all holders of one ticket, may have opened here at once: a quarter of
 * all, so that nobody has all.
 */
export const MAX_INCOMING_PER_ORIGIN = 256;
/** Longest that a peer may take from its opening to its whole offer. */
export const MAX_OFFER_WAIT_MS = 60_000;
/**
 * How long a peer that was told the end may leave its connection open: if the path fails just then, it
 * still learns the end when that returns within this.
 */
export const MAX_LAST_WORD_MS = 60_000;

/** What the guard needs to know of a transfer. */
export type GuardedTransfer = Pick<
  ReceivingTransfer | ReceivingMessage,
  'name' | 'isOver' | 'done' | 'cancel'
>;

interface Held {
  readonly origin: string;
  readonly transfer: GuardedTransfer;
  readonly connection: TransportConnection;
  cancelTimer: () => void;
}

/**
 * Bounds what a peer can hold here that was introduced, answers every probe, and never comes to its
 * offer or to its end: how many connections, and for how long each.
 */
export class IncomingGuard {
  readonly #timers: Timers;
  readonly #wake: () => void;
  readonly #held: Set<Held> = new Set();
  #isClosed = false;

  /** `wake`: called after a connection was closed; the driver then drains it. */
  constructor(timers: Timers, wake: () => void) {
    this.#timers = timers;
    this.#wake = wake;
  }

  /** Connections that are watched. */
  get heldCount(): number {
    this.#forgetClosed();
    return this.#held.size;
  }

  /** Whether one more connection is let in of this peer, or by this ticket. */
  admits(origin: string): boolean {
    this.#forgetClosed();
    let count = 0;
    for (const held of this.#held) if (held.origin === origin) count++;
    return count < MAX_INCOMING_PER_ORIGIN;
  }

  watch(origin: string, transfer: GuardedTransfer, connection: TransportConnection): void {
    const cancelTimer = this.#timers.after(MAX_OFFER_WAIT_MS, () => {
      if (transfer.name !== '') return;
      transfer.cancel();
      this.#wake();
    });
    const held: Held = { origin, transfer, connection, cancelTimer };
    this.#held.add(held);
    const onOver = (): void => {
      held.cancelTimer();
      if (connection.isClosed) this.#held.delete(held);
      else if (this.#isClosed) this.#end(held);
      else {
        held.cancelTimer = this.#timers.after(MAX_LAST_WORD_MS, () => {
          this.#end(held);
        });
      }
    };
    transfer.done.then(onOver, onOver);
  }

  /** The endpoint closes: whoever was told the end gets no more time, and nothing ticks. */
  close(): void {
    this.#isClosed = true;
    for (const held of this.#held) {
      held.cancelTimer();
      if (held.transfer.isOver) this.#end(held);
    }
  }

  #end(held: Held): void {
    this.#held.delete(held);
    // What was said last, and is still on its way, arrives before it.
    held.connection.close(CloseCode.ok, '');
    this.#wake();
  }

  #forgetClosed(): void {
    for (const held of this.#held) {
      if (!held.connection.isClosed) continue;
      held.cancelTimer();
      this.#held.delete(held);
    }
  }
}
