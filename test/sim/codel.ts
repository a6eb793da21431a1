import { DropTail, type QueueDiscipline } from './bottleneck.ts';
import { type Flight, IP_UDP_BYTES } from './link.ts';

/** How long packets may wait without a drop, and for how long more than that is tolerated (RFC 8289 §4). */
export const TARGET_US = 5_000;
export const INTERVAL_US = 100_000;
/** An end of dropping so many intervals ago says nothing about the present queue (RFC 8289 §5.5). */
const REMEMBERED_INTERVALS = 16;

/**
 * Controlled Delay (RFC 8289): once every packet of an interval has waited longer than the target,
 * one is dropped from the head, then the next after `interval / sqrt(count)`, until one has not.
 */
export class CoDel implements QueueDiscipline {
  readonly #queue: DropTail;
  /** Largest IP packet seen: a queue that holds no more than this is no standing one. */
  #maxPacketBytes = 0;
  /** When an interval above the target will be over; undefined while the wait is below. */
  #firstAboveAtUs: number | undefined;
  #isDropping = false;
  #dropNextAtUs = 0;
  /** Drops since dropping began, and how many there were when it began last. */
  #count = 0;
  #lastCount = 0;

  /** `limitBytes`: what does not fit is dropped at the tail, as by any queue. */
  constructor(limitBytes: number) {
    this.#queue = new DropTail({ queueBytes: limitBytes });
  }

  get queuedBytes(): number {
    return this.#queue.queuedBytes;
  }

  enqueue(flight: Flight): boolean {
    this.#maxPacketBytes = Math.max(this.#maxPacketBytes, flight.lengthBytes + IP_UDP_BYTES);
    return this.#queue.enqueue(flight);
  }

  dequeue(nowUs: number, drop: (flight: Flight) => void): Flight | undefined {
    let flight = this.#queue.dequeue();
    let mayDrop = this.#mayDrop(flight, nowUs);
    const dropOne = (): void => {
      drop(flight!);
      flight = this.#queue.dequeue();
      mayDrop = this.#mayDrop(flight, nowUs);
    };
    if (!this.#isDropping) {
      if (!mayDrop) return flight;
      dropOne();
      this.#beginDropping(nowUs);
      return flight;
    }
    if (!mayDrop) this.#isDropping = false;
    while (this.#isDropping && nowUs >= this.#dropNextAtUs) {
      dropOne();
      this.#count++;
      if (mayDrop) this.#dropNextAtUs += INTERVAL_US / Math.sqrt(this.#count);
      else this.#isDropping = false;
    }
    return flight;
  }

  /** Whether the wait of what is taken out has been above the target for an interval. */
  #mayDrop(flight: Flight | undefined, nowUs: number): boolean {
    const isShort = flight === undefined || nowUs - flight.queuedAtUs < TARGET_US;
    if (isShort || this.#queue.queuedBytes <= this.#maxPacketBytes) {
      this.#firstAboveAtUs = undefined;
      return false;
    }
    this.#firstAboveAtUs ??= nowUs + INTERVAL_US;
    return nowUs >= this.#firstAboveAtUs;
  }

  /** Where dropping has just ended, it goes on about as fast as it was. */
  #beginDropping(nowUs: number): void {
    const grownBy = this.#count - this.#lastCount;
    const isRecent = nowUs - this.#dropNextAtUs < REMEMBERED_INTERVALS * INTERVAL_US;
    this.#count = grownBy > 1 && isRecent ? grownBy : 1;
    this.#lastCount = this.#count;
    this.#dropNextAtUs = nowUs + INTERVAL_US / Math.sqrt(this.#count);
    this.#isDropping = true;
  }
}
