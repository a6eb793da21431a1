import type { Ending } from './ending.ts';
import type { HoldClock } from './hold-clock.ts';
import type { PacketTap } from './packet-tap.ts';
import type { Receiver } from './receiving/receiver.ts';
import type { Route } from './route.ts';
import type { Sender } from './sending/sender.ts';

/** The parts of a connection that packets come from. */
export interface PacketOutletParts {
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly route: Route;
  readonly ending: Ending;
  /** Follows what each packet changes. */
  readonly holds: HoldClock;
  /** Hears of every packet that leaves. */
  readonly tap?: PacketTap | undefined;
}

/**
 * Gives out what leaves a connection: asks its parts in the order of their haste, and counts. Fills the
 * buffers that it is lent with one packet each.
 */
export class PacketOutlet {
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #route: Route;
  readonly #ending: Ending;
  readonly #holds: HoldClock;
  readonly #tap: PacketTap | undefined;
  #sentCount = 0;

  constructor(parts: PacketOutletParts) {
    this.#sender = parts.sender;
    this.#receiver = parts.receiver;
    this.#route = parts.route;
    this.#ending = parts.ending;
    this.#holds = parts.holds;
    this.#tap = parts.tap;
  }

  /** Packets that left; those that say CLOSE are not counted. */
  get sentCount(): number {
    return this.#sentCount;
  }

  /** Whether `pollControl` has something that should leave now. */
  hasControl(nowUs: number): boolean {
    if (this.#ending.isClosed) return this.#ending.isCloseDue;
    if (this.#sender.hasProbe || this.#route.isDue(nowUs)) return true;
    return this.#receiver.ackAtUs <= nowUs;
  }

  /** A packet that the window does not bound; 0 when none is due. */
  pollControl(buffer: Uint8Array, socketShareBytes: number, nowUs: number): number {
    if (this.#ending.isClosed) {
      const closeLength = this.#ending.poll(buffer, nowUs);
      if (closeLength > 0) this.#tap?.onSent(buffer, closeLength, nowUs);
      return closeLength;
    }
    this.#holds.note(nowUs);
    let length = this.#route.poll(buffer, nowUs);
    if (length === 0 && this.#receiver.ackAtUs <= nowUs) {
      const limit = Math.min(buffer.length, this.#route.path.datagramBytes);
      length = this.#receiver.buildAck(buffer, limit, socketShareBytes, nowUs);
    }
    if (length === 0) length = this.#sender.pollProbe(buffer, nowUs);
    if (length === 0) length = this.#sender.pollMark(buffer, nowUs);
    // A probe may have carried the last of what there was to send.
    return this.#onPolled(buffer, length, nowUs);
  }

  /** A DATA packet inside the window; 0 when there is none. Not to be asked once it is closed. */
  pollData(buffer: Uint8Array, nowUs: number): number {
    return this.#onPolled(buffer, this.#sender.pollData(buffer, nowUs), nowUs);
  }

  #onPolled(buffer: Uint8Array, length: number, nowUs: number): number {
    if (length === 0) return 0;
    this.#sentCount++;
    this.#tap?.onSent(buffer, length, nowUs);
    this.#holds.note(nowUs);
    return length;
  }
}
