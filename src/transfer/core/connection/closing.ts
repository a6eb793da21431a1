import { encodeClose } from '../wire/codec.ts';
import { PacketType } from '../wire/packet.ts';
import type { CloseSeal } from '../wire/packet-session.ts';
import type { PacketWriter } from './packet-writer.ts';

/** Least time that a closed connection still answers its peer (DESIGN §3, Ending). */
export const MIN_LINGER_US = 1_000_000;
/** Probe timeouts over which CLOSE is repeated, and for which the connection lingers. */
const REPEAT_COUNT = 3;

/** Least wait for the peer's next acknowledgement before CLOSE(ok) leaves without the last ones. */
const MIN_DRAIN_US = 5_000_000;
const DRAIN_PTO_COUNT = 10;

/** A connection whose user has closed it, and that waits until all it sent is acknowledged. */
export interface Drain {
  readonly reason: string;
  /** Of the stream without a gap, when the wait began. */
  readonly acknowledgedBytes: number;
  /** CLOSE leaves then unless more is acknowledged: the wait begins anew with it. */
  readonly endUs: number;
}

export function beginDrain(reason: string, sender: DrainedSender, nowUs: number): Drain {
  const waitUs = Math.max(DRAIN_PTO_COUNT * sender.probeTimeoutUs, MIN_DRAIN_US);
  return { reason, acknowledgedBytes: sender.stream.acknowledged, endUs: nowUs + waitUs };
}

/** What of a sender a drain goes by; `Sender` is one. */
interface DrainedSender {
  readonly probeTimeoutUs: number;
  readonly stream: { readonly acknowledged: number };
}

/**
 * A connection that has said CLOSE: sends it, repeats it for three probe timeouts, and answers each
 * checked packet with the same bytes until the linger ends.
 *
 * A peer that has said CLOSE as well has nothing left to hear. Then it leaves once, if it has not yet,
 * and no more: two sides never go on answering each other.
 *
 * Its times count from the first input or output behind the command that closed: of a connection that
 * was idle, the time of the last one before it is long past.
 */
export class Closing {
  readonly #datagram: Uint8Array;
  readonly #intervalUs: number;
  readonly #closedAtUs: number;
  /** Infinity until the times count. */
  #lingerEndUs = Infinity;
  #isDue = true;
  #hasLeft = false;
  #hasPeerClosed = false;
  #repeatsLeft = REPEAT_COUNT;
  #repeatAtUs = Infinity;

  /**
   * @param datagram what `buildClose` made
   * @param closedAtUs time of the last input or output
   */
  constructor(datagram: Uint8Array, probeTimeoutUs: number, closedAtUs: number) {
    this.#datagram = datagram;
    this.#intervalUs = probeTimeoutUs;
    this.#closedAtUs = closedAtUs;
  }

  get isDue(): boolean {
    return this.#isDue;
  }

  /** Nothing is left to say or to answer, before the linger is over. */
  get isSettled(): boolean {
    return this.#hasPeerClosed && this.#hasLeft;
  }

  get nextTimeoutUs(): number {
    if (this.#lingerEndUs === Infinity) return this.#closedAtUs;
    return this.#repeatsLeft > 0
      ? Math.min(this.#repeatAtUs, this.#lingerEndUs)
      : this.#lingerEndUs;
  }

  /** True when the linger is over and the connection can be forgotten. */
  handleTimeout(nowUs: number): boolean {
    this.#begin(nowUs);
    if (this.#repeatsLeft > 0 && nowUs >= this.#repeatAtUs) {
      this.#repeatsLeft--;
      this.#repeatAtUs = nowUs + this.#intervalUs;
      this.#isDue = true;
    }
    return nowUs >= this.#lingerEndUs;
  }

  /** The peer sent something: it has not heard yet. */
  onPacket(): void {
    this.#isDue = true;
  }

  /** The peer said CLOSE, be it in answer to this one. */
  onPeerClose(): void {
    this.#hasPeerClosed = true;
  }

  poll(buffer: Uint8Array, nowUs: number): number {
    this.#begin(nowUs);
    this.#isDue = false;
    this.#hasLeft = true;
    buffer.set(this.#datagram);
    return this.#datagram.length;
  }

  #begin(nowUs: number): void {
    if (this.#lingerEndUs !== Infinity) return;
    this.#repeatAtUs = nowUs + this.#intervalUs;
    this.#lingerEndUs = nowUs + Math.max(REPEAT_COUNT * this.#intervalUs, MIN_LINGER_US);
  }
}

/** The CLOSE of a connection; to be made once. */
export function buildClose(
  writer: PacketWriter,
  seal: CloseSeal,
  code: number,
  reason: string,
): Uint8Array {
  const buffer = new Uint8Array(MAX_CLOSE_DATAGRAM_BYTES);
  writer.begin(buffer, PacketType.close, 0);
  const length = encodeClose(buffer, writer.bodyAt, code, reason, seal);
  writer.complete(buffer, length, 0);
  return buffer.subarray(0, length);
}

/** Header, tag, code and the longest sealed reason, with room to spare. */
const MAX_CLOSE_DATAGRAM_BYTES = 512;
