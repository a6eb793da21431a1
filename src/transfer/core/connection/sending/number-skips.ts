import type { SentPackets } from '../../recovery/sent-packets.ts';

/** One number in about this many is skipped, to notice ACKs of what was never sent (DESIGN §3). */
const SKIP_ONE_IN = 500;

/** Which packet numbers are used up without a packet; `random` keeps the peer from knowing them. */
export class NumberSkips {
  readonly #sent: SentPackets;
  readonly #random: () => number;
  #skipAt: number;

  constructor(sent: SentPackets, random: () => number) {
    this.#sent = sent;
    this.#random = random;
    this.#skipAt = this.#draw();
  }

  /** Before each packet that takes a number; the last one that there is room for is the packet's. */
  beforeSend(): void {
    if (this.#sent.nextNumber < this.#skipAt || this.#sent.roomCount < 2) return;
    this.#sent.skip();
    this.#skipAt = this.#draw();
  }

  #draw(): number {
    return this.#sent.nextNumber + 1 + Math.floor(this.#random() * 2 * SKIP_ONE_IN);
  }
}
