import { type DirectionCounters, LATE_US, type LinkDirection } from './link-direction.ts';

/** What may be on its way in one direction, whatever the profile asks for; more is dropped as by a full queue. */
export const MAX_HELD_BYTES = 67_108_864;
/** Entries at the front of a queue that were passed on, after which it is cut. */
const QUEUE_SLACK = 1_024;

interface Held {
  readonly datagram: Uint8Array;
  readonly dueUs: number;
}

/** The clock and timers of a pipe; tests hand in some that they turn by hand. */
export interface PipeClock {
  nowUs(): number;
  /** Runs `action` once, `delayUs` from now or later; the answer cancels it. */
  after(delayUs: number, action: () => void): () => void;
}

const systemClock: PipeClock = {
  nowUs: () => performance.now() * 1000,
  after: (delayUs, action) => {
    const timer = setTimeout(action, delayUs / 1000);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Datagrams of one direction in the order they are due, which is the order they came. */
export class LinkPipe {
  readonly #direction: LinkDirection;
  readonly #send: (datagram: Uint8Array) => void;
  readonly #clock: PipeClock;
  #held: Held[] = [];
  #head = 0;
  #heldBytes = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(
    direction: LinkDirection,
    send: (datagram: Uint8Array) => void,
    clock: PipeClock = systemClock,
  ) {
    this.#direction = direction;
    this.#send = send;
    this.#clock = clock;
  }

  get counters(): DirectionCounters {
    return this.#direction.counters;
  }

  /** The datagram must not change any more. */
  take(datagram: Uint8Array): void {
    const nowUs = this.#clock.nowUs();
    this.#passOn(nowUs);
    const dueUs = this.#direction.pass(datagram.length, nowUs);
    if (dueUs === undefined) return;
    if (this.#heldBytes + datagram.length > MAX_HELD_BYTES) {
      this.counters.queueFullCount++;
      return;
    }
    this.#held.push({ datagram, dueUs });
    this.#heldBytes += datagram.length;
    if (dueUs <= nowUs) this.#passOn(nowUs);
    this.#arm(nowUs);
  }

  close(): void {
    this.#cancelTimer?.();
    this.#held = [];
    this.#head = 0;
    this.#heldBytes = 0;
  }

  #passOn(nowUs: number): void {
    for (let held = this.#held[this.#head]; held !== undefined && held.dueUs <= nowUs;) {
      if (nowUs - held.dueUs > LATE_US) this.counters.lateCount++;
      this.#heldBytes -= held.datagram.length;
      this.#send(held.datagram);
      held = this.#held[++this.#head];
    }
    if (this.#head === this.#held.length) this.#held.length = 0;
    else if (this.#head >= QUEUE_SLACK) this.#held = this.#held.slice(this.#head);
    else return;
    this.#head = 0;
  }

  #arm(nowUs: number): void {
    const next = this.#held[this.#head];
    if (next === undefined || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#clock.after(next.dueUs - nowUs, () => {
      this.#cancelTimer = undefined;
      const laterUs = this.#clock.nowUs();
      this.#passOn(laterUs);
      this.#arm(laterUs);
    });
  }
}
