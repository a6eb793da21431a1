import type { TransportConnection } from '../../core/transport.ts';
import type { OfferedEntry } from '../records/offer.ts';

/** How long the sender of an earlier try is waited for, before the next try takes its place. */
export const ANSWER_WAIT_MS = 2_000;
const PING_EVERY_MS = 250;
const LOOK_EVERY_MS = 50;
/** What is heard so soon may have come before it was asked, and stood in a buffer. */
const GRACE_US = 100_000;

/** A receive that has its first offer. */
export interface Try {
  readonly peer: string;
  readonly isOver: boolean;
  readonly connection: Pick<TransportConnection, 'ping' | 'silentSinceUs' | 'isClosed'>;
  /** What stands at the top of its first offer; none before it came. */
  readonly topEntries: readonly OfferedEntry[];
  /** Settles when what it wrote lies on the disk for another one. */
  readonly done: Promise<unknown>;
  /** Ends it as a failure that keeps what has come. */
  giveWay(): void;
}

export interface EarlierTriesOptions {
  /** The clock of the connections, microseconds. */
  readonly nowUs: () => number;
  readonly after: (delayMs: number, action: () => void) => unknown;
  /** Called after a connection was used. */
  readonly wake: () => void;
}

/**
 * Receives that run, so that one whose sender was killed gives way when the same sender offers the same
 * once more: its partial is free then, long before its connection is given up. A sender that is there
 * still is heard at once, and is sent on beside the new one.
 */
export class EarlierTries {
  readonly #options: EarlierTriesOptions;
  readonly #running: Set<Try> = new Set();

  constructor(options: EarlierTriesOptions) {
    this.#options = options;
  }

  add(running: Try): void {
    this.#running.add(running);
    const forget = (): void => {
      this.#running.delete(running);
    };
    running.done.then(forget, forget);
  }

  /** Resolves when no dead try holds what `next` is offered. */
  async endBefore(next: Try): Promise<void> {
    const earlier = [...this.#running].filter(
      (running) => running !== next && running.peer === next.peer && isSameOffer(running, next),
    );
    await Promise.all(earlier.map((running) => this.#endIfGone(running)));
  }

  async #endIfGone(running: Try): Promise<void> {
    if (!running.isOver) {
      if (await this.#isThere(running)) return;
      running.giveWay();
      this.#options.wake();
    }
    await running.done.catch(() => undefined);
  }

  async #isThere({ connection }: Try): Promise<boolean> {
    const { nowUs, after, wake } = this.#options;
    const askedAtUs = nowUs();
    for (let waitedMs = 0; waitedMs < ANSWER_WAIT_MS; waitedMs += LOOK_EVERY_MS) {
      if (connection.isClosed) return false;
      if (waitedMs % PING_EVERY_MS === 0) {
        connection.ping();
        wake();
      }
      await new Promise<void>((resolve) => after(LOOK_EVERY_MS, resolve));
      if (connection.silentSinceUs > askedAtUs + GRACE_US) return true;
    }
    return false;
  }
}

/** One of the same sources is offered in both. */
function isSameOffer(one: Try, other: Try): boolean {
  return one.topEntries.some((entry) =>
    other.topEntries.some(
      ({ kind, name, mtimeNs, inode, device }) =>
        entry.kind === kind &&
        entry.name === name &&
        (kind === 'folder' ||
          (entry.mtimeNs === mtimeNs && entry.inode === inode && entry.device === device)),
    ),
  );
}
