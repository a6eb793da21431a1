import { decodeClose } from '../wire/codec.ts';
import type { CloseSeal } from '../wire/packet-session.ts';
import { beginDrain, buildClose, Closing, type Drain } from './closing.ts';
import type { Connection } from './connection.ts';
import type { ConnectionHost, DatagramVerdict } from './connection-host.ts';
import type { PacketWriter } from './packet-writer.ts';
import type { Sender } from './sending/sender.ts';

/** Close codes that this folder gives by itself; the full list is the transport's. */
const CLOSE_OK = 0;
const CLOSE_VIOLATION = 3;
const CLOSE_VANISHED = 4;

/** What an ending needs of its connection. */
export interface EndingParts {
  readonly connection: Connection;
  readonly host: ConnectionHost;
  readonly writer: PacketWriter;
  readonly closeSeal: CloseSeal;
  readonly sender: Sender;
  /** Gives back what the connection holds of its path and of memory; called once. */
  readonly release: () => void;
}

/**
 * How a connection ends, and tells its host: by its user's CLOSE, at once or when all is acknowledged;
 * by the peer's; by a violation; or without a word.
 *
 * For the user it is over once (`isClosed`). If this side says CLOSE it lingers after that, to answer
 * the peer, until the host hears that it is gone: at the peer's CLOSE, or without one when the linger is
 * over.
 *
 * Whoever hears CLOSE first answers with its own, so that the peer need not linger, and forgets the
 * connection as that leaves. If the answer is lost the peer lingers; repeats find nobody, so that a copy
 * of a CLOSE makes nobody speak.
 */
export class Ending {
  readonly #parts: EndingParts;
  #closing: Closing | undefined;
  /** CLOSE(ok) waits for what was sent to be acknowledged. */
  #drain: Drain | undefined;
  #isClosed = false;

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The user has closed: it writes no more. */
  get hasBegun(): boolean {
    return this.#isClosed || this.#drain !== undefined;
  }

  get isCloseDue(): boolean {
    return this.#closing !== undefined && this.#closing.isDue;
  }

  get nextTimeoutUs(): number {
    return this.#closing?.nextTimeoutUs ?? this.#drain?.endUs ?? Infinity;
  }

  close(code: number, reason: string, nowUs: number): void {
    if (this.hasBegun) return;
    const { sender } = this.#parts;
    const isDone = code !== CLOSE_OK || sender.stream.isAcknowledged;
    if (isDone) this.#say(code, reason, nowUs);
    else this.#drain = beginDrain(reason, sender, nowUs);
  }

  onViolation(reason: string, nowUs: number): void {
    this.#say(CLOSE_VIOLATION, reason, nowUs);
  }

  /** A checked CLOSE of the peer. */
  handleClose(datagram: Uint8Array, nowUs: number): DatagramVerdict {
    const { writer, closeSeal } = this.#parts;
    const close = decodeClose(datagram, writer.bodyAt, closeSeal);
    if (close === undefined) return 'malformed';
    if (!this.#isClosed) {
      this.#beginClosing(CLOSE_OK, '', nowUs);
      this.#end(close.code, close.reason, true);
    }
    this.#closing?.onPeerClose();
    this.#leaveIfSettled();
    return 'taken';
  }

  /** Nobody is there to be told. */
  onVanished(reason: string): void {
    this.#end(CLOSE_VANISHED, reason, false);
    this.#parts.host.onGone(this.#parts.connection);
  }

  /** An ACK came; true when it had all that CLOSE had waited for. */
  onProgress(nowUs: number): boolean {
    if (this.#drain === undefined) return false;
    const { reason, acknowledgedBytes } = this.#drain;
    const { sender } = this.#parts;
    if (sender.stream.isAcknowledged) {
      this.#say(CLOSE_OK, reason, nowUs);
      return true;
    }
    if (sender.stream.acknowledged > acknowledgedBytes) {
      this.#drain = beginDrain(reason, sender, nowUs);
    }
    return false;
  }

  /** A checked packet, but no CLOSE, came after the end: the peer has not heard of it yet. */
  onLatePacket(): void {
    if (this.#closing === undefined) return;
    this.#closing.onPacket();
    this.#parts.host.wantsControl(this.#parts.connection);
  }

  handleTimeout(nowUs: number): void {
    const { connection, host } = this.#parts;
    if (this.#closing !== undefined) {
      if (this.#closing.handleTimeout(nowUs)) host.onGone(connection);
      else if (this.#closing.isDue) host.wantsControl(connection);
    } else if (this.#drain !== undefined && nowUs >= this.#drain.endUs) {
      this.#say(CLOSE_OK, this.#drain.reason, nowUs);
    }
  }

  /** Fills `buffer` with CLOSE; 0 when none is due. */
  poll(buffer: Uint8Array, nowUs: number): number {
    if (!this.isCloseDue) return 0;
    const length = this.#closing!.poll(buffer, nowUs);
    this.#leaveIfSettled();
    return length;
  }

  #say(code: number, reason: string, nowUs: number): void {
    if (this.#isClosed) return;
    this.#beginClosing(code, reason, nowUs);
    this.#end(code, reason, false);
  }

  #beginClosing(code: number, reason: string, nowUs: number): void {
    const { connection, host, writer, closeSeal, sender } = this.#parts;
    const datagram = buildClose(writer, closeSeal, code, reason);
    this.#closing = new Closing(datagram, sender.probeTimeoutUs, nowUs);
    host.wantsControl(connection);
  }

  #leaveIfSettled(): void {
    const { connection, host } = this.#parts;
    if (this.#closing?.isSettled === true) host.onGone(connection);
  }

  #end(code: number, reason: string, byPeer: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drain = undefined;
    this.#parts.release();
    this.#parts.host.onClosed(this.#parts.connection, code, reason, byPeer);
  }
}
