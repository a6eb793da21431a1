import type { Transmit } from '../../core/index.ts';

/** Nowhere: what a slot is addressed to before it is filled. */
const NOBODY = { address: '', port: 0 };

/**
 * Buffers in turn, all made at the start, so that the one the system may still read is never the
 * next to be filled.
 *
 * ```
 *   slot 0 │ slot 1 │ … │ slot 2·batch − 1 │      each maxDatagramBytes long
 *            ▲ current: lent to `pollTransmit`, then sent, then `advance`
 * ```
 */
export class SendRing {
  readonly maxDatagramBytes: number;
  readonly #slots: readonly Transmit[];
  /** The filled part of each slot; kept while the length stays, as in a long run of full packets. */
  readonly #views: Uint8Array[];
  #index = 0;

  constructor(slotCount: number, maxDatagramBytes: number) {
    this.maxDatagramBytes = maxDatagramBytes;
    const slab = new Uint8Array(slotCount * maxDatagramBytes);
    this.#slots = Array.from({ length: slotCount }, (_, slot) => ({
      buffer: slab.subarray(slot * maxDatagramBytes, (slot + 1) * maxDatagramBytes),
      length: 0,
      to: NOBODY,
    }));
    this.#views = this.#slots.map(({ buffer }) => buffer);
  }

  /** The slot to fill now. */
  get current(): Transmit {
    return this.#slots[this.#index]!;
  }

  /** The datagram in the current slot. */
  get datagram(): Uint8Array {
    const { buffer, length } = this.current;
    const view = this.#views[this.#index]!;
    if (view.length === length) return view;
    return (this.#views[this.#index] = buffer.subarray(0, length));
  }

  /** The current slot was given to the system: the next is filled. */
  advance(): void {
    this.#index = (this.#index + 1) % this.#slots.length;
  }
}

/** Datagrams that leave before incoming ones are read again (DESIGN §6: 32 to 64). */
export const BATCH_DATAGRAMS = 64;
/** Rings that are kept for the next batch. */
const MAX_IDLE_RINGS = 4;

/**
 * Rings for the sockets of one thread: a batch takes one and gives it back when the system has sent all
 * of it, as it does unless the socket is blocked. So many sockets need no memory each.
 */
export class SendRings {
  readonly #idle: SendRing[] = [];

  get idleCount(): number {
    return this.#idle.length;
  }

  take(maxDatagramBytes: number): SendRing {
    const ring = this.#idle.pop();
    if (ring !== undefined && ring.maxDatagramBytes >= maxDatagramBytes) return ring;
    return new SendRing(2 * BATCH_DATAGRAMS, maxDatagramBytes);
  }

  /** The system reads none of its slots any more. */
  give(ring: SendRing): void {
    if (this.#idle.length < MAX_IDLE_RINGS) this.#idle.push(ring);
  }
}
