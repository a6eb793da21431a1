import type { PeerAddress, Transmit, Transport, TransportEvent } from '../core/index.ts';
import type { UdpPort } from './udp-port.ts';

/** Datagrams that leave before incoming ones are read again (DESIGN §6). */
const BATCH_PACKETS = 64;
/** Sends after which the clock is read again. */
const CLOCK_EVERY = 16;
/** A turn that brought fewer datagrams than this has emptied the socket (libuv reads 32 a turn). */
const FULL_TURN_DATAGRAMS = 32;
/** Turns that a due timeout waits for the socket to be emptied (DESIGN §4). */
const MAX_DRAIN_TURNS = 8;
/** Buffers in turn, so that the one libuv may still read is not the next to be filled. */
const BUFFER_COUNT = 2 * BATCH_PACKETS;
/** Longest `setTimeout`; longer waits are taken in steps. */
const MAX_TIMER_MS = 2_000_000_000;

export interface DriverOptions {
  readonly port: UdpPort;
  readonly transport: Transport;
  readonly nowUs: () => number;
  /** Largest datagram that the transport fills. */
  readonly maxDatagramBytes: number;
  readonly onEvent: (event: TransportEvent) => void;
  /** Called at the end of each turn in which the transport was drained. */
  readonly onTurn: () => void;
}

/**
 * Gives a sans-IO transport its socket, clock and timer.
 *
 * Datagrams and commands of one turn of the event loop are collected; one `setImmediate` then drains
 * the transport: due timeouts, events, at most a batch of sends, the next timer. So ACKs are read
 * between batches, and a turn that brought 32 datagrams answers once.
 */
export class TransportDriver {
  readonly #options: DriverOptions;
  readonly #transmit: Transmit;
  readonly #buffers: readonly Uint8Array[];
  #bufferIndex = 0;
  #isScheduled = false;
  #isBlocked = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAtUs = Infinity;
  #turnDatagrams = 0;
  #drainTurns = 0;
  /** The clock of this turn; 0 when it must be read. */
  #turnNowUs = 0;

  constructor(options: DriverOptions) {
    this.#options = options;
    const { maxDatagramBytes, port, transport } = options;
    this.#buffers = Array.from({ length: BUFFER_COUNT }, () => new Uint8Array(maxDatagramBytes));
    this.#transmit = { buffer: this.#buffers[0]!, length: 0, to: { address: '', port: 0 } };
    port.onDatagram((datagram: Uint8Array, from: PeerAddress) => {
      if (this.#isClosed) return;
      this.#turnDatagrams++;
      transport.handleDatagram(datagram, from, this.#now());
      this.#schedule();
    });
    port.onUnblocked = () => {
      this.#isBlocked = false;
      this.#schedule();
    };
  }

  /** The transport was given commands that need no time: it will be drained soon. */
  wake(): void {
    this.#schedule();
  }

  /** Gives the transport a command at the present time; it will be drained soon. */
  command<T>(action: (nowUs: number) => T): T {
    this.#turnNowUs = 0;
    const result = action(this.#now());
    this.#schedule();
    return result;
  }

  /** Stops; what the transport still had to send is not sent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #now(): number {
    if (this.#turnNowUs === 0) this.#turnNowUs = this.#options.nowUs();
    return this.#turnNowUs;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    setImmediate(this.#drain);
  }

  readonly #drain = (): void => {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    this.#turnNowUs = 0;
    this.#handleTimeouts();
    this.#handleEvents();
    const hasMore = this.#sendBatch();
    this.#handleEvents();
    this.#turnNowUs = 0;
    if (hasMore) this.#schedule();
    else this.#arm();
    this.#options.onTurn();
  };

  /** A late loop looks like a loss: what has arrived is read before a timeout is believed. */
  #handleTimeouts(): void {
    const { transport } = this.#options;
    const isTurnFull = this.#turnDatagrams >= FULL_TURN_DATAGRAMS;
    this.#turnDatagrams = 0;
    if (transport.nextTimeoutUs() > this.#now()) {
      this.#drainTurns = 0;
      return;
    }
    if (isTurnFull && this.#drainTurns < MAX_DRAIN_TURNS) {
      this.#drainTurns++;
      this.#schedule();
      return;
    }
    this.#drainTurns = 0;
    transport.handleTimeout(this.#now());
  }

  #handleEvents(): void {
    const { transport, onEvent } = this.#options;
    for (let event = transport.pollEvent(); event !== undefined; event = transport.pollEvent()) {
      onEvent(event);
    }
  }

  /** True when the batch ended before the transport had nothing more to send. */
  #sendBatch(): boolean {
    const { port, transport } = this.#options;
    if (this.#isBlocked || this.#blockIfQueued()) return false;
    const transmit = this.#transmit;
    for (let sent = 0; sent < BATCH_PACKETS; sent++) {
      if (sent % CLOCK_EVERY === CLOCK_EVERY - 1) this.#turnNowUs = 0;
      const buffer = this.#buffers[this.#bufferIndex]!;
      (transmit as { buffer: Uint8Array }).buffer = buffer;
      if (!transport.pollTransmit(transmit, this.#now())) return false;
      port.send(buffer.subarray(0, transmit.length), transmit.to, sent === 0);
      this.#bufferIndex = (this.#bufferIndex + 1) % BUFFER_COUNT;
      if (this.#blockIfQueued()) return false;
    }
    return true;
  }

  #blockIfQueued(): boolean {
    const { port } = this.#options;
    if (!port.isBlocked) return false;
    this.#isBlocked = true;
    port.awaitUnblocked();
    return true;
  }

  #arm(): void {
    const atUs = this.#options.transport.nextTimeoutUs();
    if (atUs === Infinity) {
      clearTimeout(this.#timer);
      this.#timerAtUs = Infinity;
      return;
    }
    if (atUs === this.#timerAtUs) return;
    clearTimeout(this.#timer);
    this.#timerAtUs = atUs;
    const waitMs = Math.ceil((atUs - this.#options.nowUs()) / 1000);
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.max(1, waitMs), MAX_TIMER_MS));
  }

  readonly #onTimer = (): void => {
    this.#timerAtUs = Infinity;
    this.#schedule();
  };
}
