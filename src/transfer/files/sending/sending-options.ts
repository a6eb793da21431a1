import type { ContentMemory } from '../content-memory.ts';
import type { SourceDisk } from '../disk.ts';
import type { SenderBounds } from './sender-clock.ts';

/** What a `SendingTransfer` needs from its endpoint. */
export interface SendingOptions {
  readonly id: number;
  readonly peer: string;
  /** A stream has no path: one that is empty. */
  readonly paths: readonly string[];
  /** Default: made of the paths. */
  readonly name?: string | undefined;
  readonly disk: SourceDisk;
  /** For content, shared by the transfers of the endpoint. */
  readonly memory: ContentMemory;
  /** Entries of an offer, at most; `SENT_OFFER_ENTRIES` when absent. */
  readonly offerEntries?: number;
  /** What bounds the sending, for telling what limited it. */
  readonly bounds?: SenderBounds;
  /** After so long in which nothing goes on it fails. */
  readonly giveUpMs: number;
  /** Runs `action` later; the function that it gives takes that back. */
  readonly after: (delayMs: number, action: () => void) => () => void;
  /** A monotonic clock, microseconds; the one of `stalled` events. */
  readonly nowUs: () => number;
  /** Called after this transfer wrote to its connection by itself: the driver then drains it. */
  readonly wake: () => void;
}
