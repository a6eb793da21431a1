import type {
  PeerAddress,
  Transmit,
  Transport,
  TransportEvent,
} from '../../src/transfer/core/index.ts';

/** Datagrams after which the receiver answers. */
const ACK_EVERY = 16;
/** Without an answer for this long, what is in flight counts as lost and sending goes on. */
const STUCK_US = 20_000;

export interface CreditSenderOptions {
  readonly to: PeerAddress;
  /** Datagrams to send. */
  readonly count: number;
  /** At least 4. */
  readonly datagramBytes: number;
  /** Datagrams in flight; Infinity sends them all at once. */
  readonly windowDatagrams: number;
  /** Writes the content of the datagram with this number, after its first four bytes. */
  readonly fill?: (datagram: Uint8Array, sequence: number) => void;
}

/**
 * The least that can be called a transport: numbered datagrams under a window of credit, nothing
 * checked, nothing repaired. It measures the driver under it, and loads it in tests.
 *
 * A datagram: its number u32 (big-endian) · content. An answer: the next number expected, u32.
 */
export class CreditSender implements Transport {
  readonly #options: CreditSenderOptions;
  #sentCount = 0;
  #acknowledgedCount = 0;
  #lastProgressUs = 0;
  #isLastDue = false;
  /** Times that the window was given up for lost. */
  stuckCount = 0;

  constructor(options: CreditSenderOptions) {
    this.#options = options;
  }

  get isDone(): boolean {
    return this.#acknowledgedCount >= this.#options.count;
  }

  handleDatagram(datagram: Uint8Array, _from: PeerAddress, nowUs: number): void {
    this.#acknowledgedCount = Math.max(this.#acknowledgedCount, readU32(datagram));
    this.#lastProgressUs = nowUs;
  }

  handleTimeout(nowUs: number): void {
    this.stuckCount++;
    this.#lastProgressUs = nowUs;
    if (this.#sentCount === this.#options.count) this.#isLastDue = true;
    else this.#acknowledgedCount = this.#sentCount;
  }

  pollTransmit(transmit: Transmit, nowUs: number): boolean {
    const { count, windowDatagrams, datagramBytes, to, fill } = this.#options;
    const isOpen =
      this.#sentCount < count && this.#sentCount - this.#acknowledgedCount < windowDatagrams;
    if (!isOpen && !this.#isLastDue) return false;
    const sequence = isOpen ? this.#sentCount++ : count - 1;
    this.#isLastDue = false;
    writeU32(transmit.buffer, sequence);
    fill?.(transmit.buffer.subarray(0, datagramBytes), sequence);
    transmit.length = datagramBytes;
    transmit.to = to;
    this.#lastProgressUs = nowUs;
    return true;
  }

  nextTimeoutUs(): number {
    return this.isDone ? Infinity : this.#lastProgressUs + STUCK_US;
  }

  pollEvent(): TransportEvent | undefined {
    return undefined;
  }
}

export interface CreditReceiverOptions {
  /** Datagrams that will come. */
  readonly count: number;
  /** Called once for each datagram; true when it is as it was sent. */
  readonly check?: (datagram: Uint8Array, sequence: number) => boolean;
}

/** Counts what a `CreditSender` sends, and answers every 16 datagrams and the last. */
export class CreditReceiver implements Transport {
  readonly #options: CreditReceiverOptions;
  #from: PeerAddress | undefined;
  #lastSequence = -1;
  #isAckDue = false;
  receivedCount = 0;
  receivedBytes = 0;
  alteredCount = 0;
  /** When the first and the latest datagram came. */
  firstAtUs = 0;
  lastAtUs = 0;

  constructor(options: CreditReceiverOptions) {
    this.#options = options;
  }

  /** The last datagram has come; earlier ones that have not are lost. */
  get isDone(): boolean {
    return this.#lastSequence === this.#options.count - 1;
  }

  handleDatagram(datagram: Uint8Array, from: PeerAddress, nowUs: number): void {
    if (this.receivedCount++ === 0) this.firstAtUs = nowUs;
    const sequence = readU32(datagram);
    this.receivedBytes += datagram.length;
    this.lastAtUs = nowUs;
    this.#lastSequence = sequence;
    this.#from = from;
    if (this.#options.check?.(datagram, sequence) === false) this.alteredCount++;
    if (this.receivedCount % ACK_EVERY === 0 || this.isDone) this.#isAckDue = true;
  }

  handleTimeout(): void {
    // Arms none.
  }

  pollTransmit(transmit: Transmit): boolean {
    if (!this.#isAckDue || this.#from === undefined) return false;
    this.#isAckDue = false;
    writeU32(transmit.buffer, this.#lastSequence + 1);
    transmit.length = 4;
    transmit.to = this.#from;
    return true;
  }

  nextTimeoutUs(): number {
    return Infinity;
  }

  pollEvent(): TransportEvent | undefined {
    return undefined;
  }
}

function readU32(bytes: Uint8Array): number {
  return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
}

function writeU32(bytes: Uint8Array, value: number): void {
  bytes[0] = value >>> 24;
  bytes[1] = value >>> 16;
  bytes[2] = value >>> 8;
  bytes[3] = value;
}
