import type { PeerAddress, Transport, TransportEvent } from '../../core/index.ts';
import { monotonicNowUs, systemTimers, type Timers } from '../clock.ts';
import type { FineTimers } from './fine-timers.ts';
import type { UdpPort } from './udp-port.ts';
import { BATCH_DATAGRAMS, type SendRing, SendRings } from './udp-send-ring.ts';

/** Sends after which the clock is read again (DESIGN §2). */
export const CLOCK_EVERY_SENDS = 16;
/** A turn that brought fewer datagrams than this has emptied the socket: libuv reads 32 a turn. */
export const FULL_TURN_DATAGRAMS = 32;
/** Turns that a due timeout waits for the socket to be emptied (DESIGN §4). */
export const MAX_DRAIN_TURNS = 8;
/** Longest delay that `setTimeout` takes is 2^31 − 1 ms; a longer wait is taken in steps. */
const MAX_TIMER_MS = 2_000_000_000;
/** A wait under this is shorter than a timer can be. */
const LEAST_TIMER_US = 1_000;

export interface DriverOptions {
  /** Closed with the driver. */
  readonly port: UdpPort;
  readonly transport: Transport;
  /** Largest datagram that the transport fills. */
  readonly maxDatagramBytes: number;
  /** Called with each event of the transport; it may give the transport commands. */
  readonly onEvent: (event: TransportEvent) => void;
  /** Asked after each packet: whether errors of its send matter. Those of a batch's first always do. */
  readonly isReportWanted?: () => boolean;
  /**
   * When the transport's pacer lets the next packet leave, for a sleep till then; Infinity when it
   * holds none back or wants none slept. Part of `nextTimeoutUs`, and no reason to call
   * `handleTimeout`. Default: never.
   */
  readonly sleepUntilUs?: () => number;
  /** Called at the end of each drain: connections may have come or gone. */
  readonly onTurn?: () => void;
  /** Integer microseconds that never go back. Default: the system's. */
  readonly nowUs?: () => number;
  /** Default: the system's. */
  readonly timers?: Timers;
  /** Waits for the pacer where a timer is too coarse; in place of `timers`. Default: none does. */
  readonly fineTimers?: FineTimers | undefined;
  /** Shared with the drivers of the same thread. Default: its own. */
  readonly rings?: SendRings;
}

/**
 * Gives a sans-IO transport its socket, clock and timer.
 *
 * Datagrams go to the transport as they come; datagrams and commands of one turn of the event loop
 * are answered together by one drain at its end:
 *
 * ```
 *   timers ─▶ poll: up to 32 datagrams, commands ─▶ drain: timeout due? · events · a batch of sends ·
 *     ▲                                             events · arm the timer, or drain again soon
 *     └──────────────────────────────────────────────────────────────────────────────────────┘
 * ```
 *
 * So ACKs are read between batches, and 32 datagrams are answered once. A port that is blocked stops
 * the sends and nothing else.
 */
export class TransportDriver {
  #port: UdpPort;
  readonly #transport: Transport;
  readonly #onEvent: (event: TransportEvent) => void;
  readonly #onTurn: (() => void) | undefined;
  readonly #isReportWanted: () => boolean;
  readonly #readClockUs: () => number;
  readonly #timers: Timers;
  readonly #fineTimers: FineTimers | undefined;
  readonly #sleepUntilUs: () => number;
  readonly #rings: SendRings;
  /** Of a batch that the system has not sent yet: its socket is blocked. */
  #heldRing: SendRing | undefined;
  #maxDatagramBytes: number;
  #isScheduled = false;
  #isBlocked = false;
  #isClosed = false;
  #cancelTimer: (() => void) | undefined;
  /** When the timer fires; Infinity when none is armed. */
  #timerAtUs = Infinity;
  /** Datagrams since the last drain. */
  #turnDatagrams = 0;
  /** Turns that the timeout which is due has waited so far. */
  #drainTurns = 0;
  /** The clock as it was read in this turn; -1 when it must be read. */
  #turnNowUs = -1;
  /** The socket was read at or after this moment. */
  #readSinceUs = 0;

  constructor(options: DriverOptions) {
    this.#port = options.port;
    this.#transport = options.transport;
    this.#onEvent = options.onEvent;
    this.#onTurn = options.onTurn;
    this.#isReportWanted = options.isReportWanted ?? (() => false);
    this.#readClockUs = options.nowUs ?? monotonicNowUs;
    this.#fineTimers = options.fineTimers;
    this.#timers = options.fineTimers ?? options.timers ?? systemTimers;
    this.#sleepUntilUs = options.sleepUntilUs ?? (() => Infinity);
    this.#maxDatagramBytes = options.maxDatagramBytes;
    this.#rings = options.rings ?? new SendRings();
    this.#listenTo(options.port);
  }

  #listenTo(port: UdpPort): void {
    port.onDatagram(this.#onDatagram);
    port.onUnblocked = () => {
      this.#isBlocked = false;
      if (this.#heldRing !== undefined) this.#rings.give(this.#heldRing);
      this.#heldRing = undefined;
      this.#schedule();
    };
  }

  /** Goes on by another port; the old one is closed. */
  replacePort(port: UdpPort): void {
    void this.#port.close();
    this.#port = port;
    this.#isBlocked = false;
    // The old one may still wait to send from its slots.
    this.#heldRing = undefined;
    this.#listenTo(port);
    this.#schedule();
  }

  /** Gives the transport a command at the present time; it is drained at the end of this turn. */
  command<Result>(action: (nowUs: number) => Result): Result {
    const result = action(this.#read());
    this.#schedule();
    return result;
  }

  /** The transport was given commands from outside: it will be drained at the end of this turn. */
  wake(): void {
    // A command may have brought a later time than this turn's.
    this.#turnNowUs = -1;
    this.#schedule();
  }

  /** The transport fills datagrams up to this from now on. What was sent keeps its buffers. */
  growDatagrams(maxDatagramBytes: number): void {
    this.#maxDatagramBytes = Math.max(this.#maxDatagramBytes, maxDatagramBytes);
  }

  /**
   * Stops, and closes the port. What the transport still had to send is not sent; what has come in this
   * turn is told first, for the user of a connection lets go of the disk at its end.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#disarm();
    this.#handleEvents();
    this.#fineTimers?.forget(this.#schedule);
    await this.#port.close();
  }

  readonly #onDatagram = (datagram: Uint8Array, from: PeerAddress): void => {
    if (this.#isClosed) return;
    // Each at its own time: where code is not compiled yet, a turn's 32 datagrams take milliseconds, and
    // the last would seem to have come in less than a round trip.
    const nowUs = this.#read();
    if (this.#turnDatagrams++ === 0) {
      this.#readSinceUs = nowUs;
      this.#fineTimers?.onDatagram();
    }
    this.#transport.handleDatagram(datagram, from, nowUs);
    this.#schedule();
  };

  #now(): number {
    return this.#turnNowUs < 0 ? this.#read() : this.#turnNowUs;
  }

  #read(): number {
    this.#turnNowUs = this.#readClockUs();
    return this.#turnNowUs;
  }

  readonly #schedule = (): void => {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    this.#fineTimers?.forget(this.#schedule);
    this.#timers.soon(this.#drain);
  };

  readonly #drain = (): void => {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    const turnDatagrams = this.#turnDatagrams;
    this.#turnDatagrams = 0;
    this.#turnNowUs = -1;
    this.#handleTimeout(turnDatagrams);
    this.#handleEvents();
    if (this.#sendBatch()) this.#schedule();
    // Commands that an event led to may have made something to send.
    if (this.#handleEvents()) this.#schedule();
    // Between this drain and the next the socket is polled.
    this.#readSinceUs = this.#read();
    this.#arm(turnDatagrams > 0);
    this.#turnNowUs = -1;
    this.#onTurn?.();
  };

  /**
   * A late loop looks like a loss: before a timeout is believed, all that had arrived when it fell
   * due is read, that is until a turn that began later was not full.
   */
  #handleTimeout(turnDatagrams: number): void {
    const dueAtUs = this.#transport.nextTimeoutUs();
    if (dueAtUs > this.#now() || dueAtUs === this.#sleepUntilUs()) {
      this.#drainTurns = 0;
      return;
    }
    const isEmptied = dueAtUs <= this.#readSinceUs && turnDatagrams < FULL_TURN_DATAGRAMS;
    if (!isEmptied && this.#drainTurns < MAX_DRAIN_TURNS) {
      this.#drainTurns++;
      this.#schedule();
      return;
    }
    this.#drainTurns = 0;
    this.#transport.handleTimeout(this.#now());
  }

  /** True when there was an event. */
  #handleEvents(): boolean {
    let event = this.#transport.pollEvent();
    const hadEvent = event !== undefined;
    while (event !== undefined) {
      this.#onEvent(event);
      event = this.#transport.pollEvent();
    }
    // A handler's command may have brought a later time than this turn's.
    if (hadEvent) this.#turnNowUs = -1;
    return hadEvent;
  }

  /** True when the batch ended before the transport had nothing more to send. */
  #sendBatch(): boolean {
    if (this.#isBlocked || this.#isClosed) return false;
    const ring = this.#rings.take(this.#maxDatagramBytes);
    const hasMore = this.#sendFrom(ring);
    if (this.#port.isBlocked) this.#heldRing = ring;
    else this.#rings.give(ring);
    return hasMore;
  }

  #sendFrom(ring: SendRing): boolean {
    const port = this.#port;
    for (let sentCount = 0; sentCount < BATCH_DATAGRAMS; sentCount++) {
      if (sentCount > 0 && sentCount % CLOCK_EVERY_SENDS === 0) this.#turnNowUs = -1;
      const transmit = ring.current;
      if (!this.#transport.pollTransmit(transmit, this.#now())) return false;
      // An error that no callback takes is gone: the system tells it to the next send only.
      port.send(ring.datagram, transmit.to, sentCount === 0 || this.#isReportWanted());
      ring.advance();
      if (port.isBlocked) {
        this.#isBlocked = true;
        port.awaitUnblocked();
        return false;
      }
    }
    return true;
  }

  /**
   * One timer. It stays when it would fire too early, which costs a look, and is set anew only when
   * it would fire too late. A wait under a millisecond is shorter than a timer can be. For the pacer
   * fine timers wait, if there are any. For all else, and without them, a turn that received is
   * followed by another at once, but never two without receiving (a loop that spins loses its core
   * for 10 ms at a time).
   */
  #arm(hasReceived: boolean): void {
    if (this.#isScheduled || this.#isClosed) return;
    const atUs = this.#transport.nextTimeoutUs();
    if (atUs === Infinity) {
      this.#disarm();
      return;
    }
    const waitUs = atUs - this.#now();
    if (waitUs < LEAST_TIMER_US) {
      // What is blocked does not leave however often it is looked at.
      if (this.#fineTimers !== undefined && !this.#isBlocked && atUs === this.#sleepUntilUs()) {
        this.#fineTimers.until(atUs, this.#schedule);
        return;
      }
      if (hasReceived) {
        this.#schedule();
        return;
      }
    }
    if (this.#timerAtUs <= atUs) return;
    this.#disarm();
    this.#timerAtUs = atUs;
    const delayMs = Math.min(Math.max(1, Math.ceil(waitUs / 1000)), MAX_TIMER_MS);
    this.#cancelTimer = this.#timers.after(delayMs, this.#onTimer);
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAtUs = Infinity;
  }

  readonly #onTimer = (): void => {
    this.#cancelTimer = undefined;
    this.#timerAtUs = Infinity;
    this.#readSinceUs = this.#readClockUs();
    this.#schedule();
  };
}
