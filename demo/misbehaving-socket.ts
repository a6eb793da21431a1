import dgram from 'node:dgram';

/** How the network behind a socket treats what is sent. Shares are of all datagrams, from 0 to 1. */
export interface Misbehaviour {
  /** The same seed and the same sends: the same fates. */
  readonly seed: number;
  readonly dropShare: number;
  /** One byte of the datagram is changed. */
  readonly corruptShare: number;
  /** The datagram is held 5 ms longer than the others, so that later ones overtake it. */
  readonly reorderShare: number;
  /** One way, for every datagram. */
  readonly delayMs: number;
  /** Larger datagrams vanish without a word, as behind many a tunnel; absent: none do. */
  readonly maxDatagramBytes?: number;
}

/** A bad but usable link: what the demo sends its files over. */
export const BAD_LINK: Omit<Misbehaviour, 'seed'> = {
  dropShare: 0.05,
  corruptShare: 0.005,
  reorderShare: 0.02,
  delayMs: 20,
  maxDatagramBytes: 1_472,
};

/** What became of the datagrams given to sockets that share one `MisbehavingNetwork`. */
export interface MisbehaviourCounters {
  /** All that were given. */
  sent: number;
  dropped: number;
  corrupted: number;
  reordered: number;
  /** Lost because too many were under way: the link's queue was full. */
  overflowed: number;
  /** Lost because they were larger than the link carries. */
  tooLarge: number;
  /** Reached the real socket. */
  delivered: number;
}

/** Datagrams of one socket that may be under way. */
export const MAX_HELD_BYTES = 16_777_216;
/** How much longer a reordered datagram is held. */
const REORDER_MS = 5;
/** Sent entries at the front of a queue after which it is cut. */
const QUEUE_SLACK = 1_024;

/** `dgram.Socket.send` in all its forms. */
type Send = (...args: unknown[]) => void;

interface Held {
  readonly dueAtMs: number;
  readonly args: readonly unknown[];
  readonly byteCount: number;
}

/** Held datagrams in the order they are due; all wait equally long, so that is the order they came. */
class HeldQueue {
  #entries: Held[] = [];
  #head = 0;

  get first(): Held | undefined {
    return this.#entries[this.#head];
  }

  push(held: Held): void {
    this.#entries.push(held);
  }

  shift(): void {
    this.#head++;
    if (this.#head < QUEUE_SLACK) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}

/**
 * A bad network in front of real sockets: what is sent through them is lost, delayed, damaged and
 * overtaken, by a seeded generator. What they receive is untouched.
 *
 * `createSocket` fits wherever `dgram.createSocket` does. The sockets are real ones whose `send` and
 * `close` go through the network: whatever is delayed is a copy, and a socket that is closed stays
 * open until its last datagram is out.
 */
export class MisbehavingNetwork {
  readonly counters: MisbehaviourCounters = {
    sent: 0,
    dropped: 0,
    corrupted: 0,
    reordered: 0,
    overflowed: 0,
    tooLarge: 0,
    delivered: 0,
  };
  readonly #misbehaviour: Misbehaviour;
  #randomState: number;

  constructor(misbehaviour: Misbehaviour) {
    this.#misbehaviour = misbehaviour;
    this.#randomState = misbehaviour.seed >>> 0;
  }

  readonly createSocket = (options: dgram.SocketOptions): dgram.Socket => {
    const socket = dgram.createSocket(options);
    const sendReal = socket.send.bind(socket) as Send;
    const closeReal = socket.close.bind(socket);
    const inTime = new HeldQueue();
    const late = new HeldQueue();
    let heldBytes = 0;
    let timer: NodeJS.Timeout | undefined;
    let onEmpty: (() => void) | undefined;

    const release = (): void => {
      timer = undefined;
      const nowMs = performance.now();
      for (;;) {
        const [a, b] = [inTime.first, late.first];
        const queue =
          b === undefined || (a !== undefined && a.dueAtMs <= b.dueAtMs) ? inTime : late;
        const held = queue.first;
        if (held === undefined) break;
        if (held.dueAtMs > nowMs) {
          timer = setTimeout(release, Math.max(1, held.dueAtMs - nowMs));
          return;
        }
        queue.shift();
        heldBytes -= held.byteCount;
        try {
          sendReal(...held.args);
          this.counters.delivered++;
        } catch {
          // Connected or disconnected since it was sent: such a datagram is lost.
          this.counters.dropped++;
        }
      }
      onEmpty?.();
    };

    const send: Send = (...args) => {
      const callback = args.at(-1);
      const isTold = typeof callback === 'function';
      const target = (isTold ? args.slice(0, -1) : args).filter((value) => value !== undefined);
      const copy = this.#decide(target[0] as Uint8Array, heldBytes);
      if (copy !== undefined) {
        heldBytes += copy.bytes.length;
        const waitMs = this.#misbehaviour.delayMs + (copy.isLate ? REORDER_MS : 0);
        const dueAtMs = performance.now() + waitMs;
        const held = { dueAtMs, args: [copy.bytes, ...target.slice(1)] };
        (copy.isLate ? late : inTime).push({ ...held, byteCount: copy.bytes.length });
        timer ??= setTimeout(release, Math.max(1, waitMs));
      }
      // As from a real send: what happens on the way is not told.
      if (isTold) process.nextTick(callback, null, (target[0] as Uint8Array).length);
    };

    socket.send = send as typeof socket.send;
    socket.close = (done) => {
      onEmpty = () => {
        onEmpty = undefined;
        closeReal(done);
      };
      if (timer === undefined) onEmpty();
      return socket;
    };
    return socket;
  };

  /** The datagram as it will arrive, as a copy; undefined when it will not. */
  #decide(
    datagram: Uint8Array,
    heldBytes: number,
  ): { readonly bytes: Uint8Array; readonly isLate: boolean } | undefined {
    const { dropShare, corruptShare, reorderShare, maxDatagramBytes } = this.#misbehaviour;
    const counters = this.counters;
    counters.sent++;
    // Always the same number of draws a datagram, so that one fate does not move the others.
    const isDropped = this.#random() < dropShare;
    const isCorrupted = this.#random() < corruptShare;
    const isLate = this.#random() < reorderShare;
    const place = this.#random();
    if (isDropped) {
      counters.dropped++;
      return undefined;
    }
    if (maxDatagramBytes !== undefined && datagram.length > maxDatagramBytes) {
      counters.tooLarge++;
      return undefined;
    }
    if (heldBytes + datagram.length > MAX_HELD_BYTES) {
      counters.overflowed++;
      return undefined;
    }
    const bytes = datagram.slice();
    if (isCorrupted && bytes.length > 0) {
      counters.corrupted++;
      const at = Math.floor(place * bytes.length);
      bytes[at]! ^= 1 + (at % 255);
    }
    if (isLate) counters.reordered++;
    return { bytes, isLate };
  }

  /** Uniform in [0, 1): a 32-bit counter, mixed (splitmix32 with the constants of MurmurHash3). */
  #random(): number {
    this.#randomState = (this.#randomState + 0x9e37_79b9) >>> 0;
    let mixed = this.#randomState;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  }
}
