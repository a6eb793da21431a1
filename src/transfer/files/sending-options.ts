import type { SourceDisk } from './disk.ts';

/** What a `SendingTransfer` needs from its endpoint. */
export interface SendingOptions {
  readonly id: number;
  readonly peer: string;
  readonly paths: readonly string[];
  readonly disk: SourceDisk;
  /** A monotonic clock, microseconds; the one of `stalled` events. */
  readonly nowUs: () => number;
  /** Called after this transfer wrote to its connection by itself: the driver then drains it. */
  readonly wake: () => void;
}
