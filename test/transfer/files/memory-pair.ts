import assert from 'node:assert/strict';
import {
  CloseCode,
  type CloseReason,
  type ConnectionStats,
  type HeldTimes,
  type TransportConnection,
} from '../../../src/transfer/core/transport.ts';
import {
  type PacketSession,
  plainSession,
} from '../../../src/transfer/core/wire/packet-session.ts';

/** Most bytes that `write` should leave unsent. */
const SEND_ROOM_BYTES = 2_097_152;
const INITIAL_CREDIT_BYTES = 65_536;

export interface PairOptions {
  /** Credit after `raiseCredit`; default 1 MiB. */
  readonly creditBytes?: number;
  /** Most bytes that `peek` shows at once; an odd number, so that records lie across pieces. */
  readonly pieceBytes?: number;
  /** Most bytes that travel in one step in one direction; default 256 KiB. */
  readonly stepBytes?: number;
  /** Answers to `raiseCredit` that say no before the first yes. */
  readonly creditRefusals?: number;
  /** Of the opener and of the responder; default without keys. */
  readonly sessions?: readonly [PacketSession, PacketSession];
}

/** What a connection tells its owner in a step. */
export interface PairListener {
  onReadable(): void;
  onWritable(): void;
  onClosed(reason: CloseReason): void;
}

/** Two connections that are each other's peer, in memory. Bytes move when `step` is called. */
export class MemoryPair {
  readonly opener: MemoryConnection;
  readonly responder: MemoryConnection;

  constructor(options: PairOptions = {}) {
    this.opener = new MemoryConnection(true, options);
    this.responder = new MemoryConnection(false, options);
    this.opener.peer = this.responder;
    this.responder.peer = this.opener;
  }

  /** Moves what may move, then tells both sides. True when anything happened. */
  step(opener: PairListener, responder: PairListener): boolean {
    const hasMoved = [this.opener.transmit(), this.responder.transmit()].includes(true);
    const isTold = [this.opener.tell(opener), this.responder.tell(responder)].includes(true);
    return hasMoved || isTold;
  }

  /** The network is gone: each side sees the other vanish. */
  vanish(): void {
    this.opener.end({ code: CloseCode.vanished, reason: '', byPeer: false });
    this.responder.end({ code: CloseCode.vanished, reason: '', byPeer: false });
  }
}

interface SentChunk {
  readonly bytes: Uint8Array;
  /** What the chunk held when it was written: it must hold the same until it is acknowledged. */
  readonly asWritten: Uint8Array;
  readonly end: number;
}

export class MemoryConnection implements TransportConnection {
  readonly handle = 1;
  readonly keyId = '0011223344556677';
  readonly session: PacketSession;
  readonly peerAddress = { address: '127.0.0.1', port: 1 };
  readonly isOpener: boolean;
  peer!: MemoryConnection;
  /** Everything that was written, record by record as far as chunks show it. */
  flushCount = 0;
  closedWith: CloseReason | undefined;
  /** May change what travels, at its place in the stream. */
  onWire: (bytes: Uint8Array, at: number) => void = () => undefined;
  isClosed = false;
  isPeerExpected = false;
  /** A test may say what held this side back. */
  held: HeldTimes = {
    ...{ sourceUs: 0, creditUs: 0, pathUs: 0 },
    ...{ pathNetworkUs: 0, pathRateUs: 0, now: 'source' },
  };
  readonly #options: PairOptions;
  #chunks: SentChunk[] = [];
  #written = 0;
  #sent = 0;
  #arrived = 0;
  acknowledgedBytes = 0;
  #isFinished = false;
  /** Received and not consumed. */
  #inbound: Uint8Array = new Uint8Array(0);
  #consumed = 0;
  #windowBytes = INITIAL_CREDIT_BYTES;
  #creditRefusals: number;
  #isPeerFinished = false;
  #isReadableDue = false;
  #isWritableDue = false;
  #closeDue: CloseReason | undefined;

  constructor(isOpener: boolean, options: PairOptions) {
    this.isOpener = isOpener;
    this.session = options.sessions?.[isOpener ? 0 : 1] ?? plainSession;
    this.#options = options;
    this.#creditRefusals = options.creditRefusals ?? 0;
  }

  get stats(): ConnectionStats {
    return {
      packetsSentCount: 0,
      packetsLostCount: 3,
      packetsSpuriouslyLostCount: 0,
      bytesRetransmittedCount: 4_200,
      packetsReceivedCount: 0,
      packetsReceivedTwiceCount: 0,
      smoothedRttUs: 0,
      probeTimeoutUs: 0,
      minRttUs: 0,
      bytesInFlight: 0,
      windowBytes: 0,
      pacingBytesPerSec: 0,
      datagramBytes: 1_200,
      controllerState: undefined,
      held: this.held,
    };
  }

  get writtenBytes(): number {
    return this.#written;
  }

  get #peerCreditOffset(): number {
    return this.peer.#consumed + this.peer.#windowBytes;
  }

  get writeRoomBytes(): number {
    return Math.max(0, SEND_ROOM_BYTES - (this.#written - this.#sent));
  }

  get recordLimitBytes(): number {
    const half = Math.floor((this.#peerCreditOffset - this.#written) / 2);
    return Math.min(65_536, Math.max(4_096, half));
  }

  write(chunk: Uint8Array): void {
    if (this.isClosed) return;
    assert(!this.#isFinished, 'nothing is written behind FIN');
    this.#written += chunk.length;
    this.#chunks.push({ bytes: chunk, asWritten: Uint8Array.from(chunk), end: this.#written });
  }

  flush(): void {
    this.flushCount++;
  }

  finish(): void {
    this.#isFinished = true;
  }

  peek(): Uint8Array {
    return this.isClosed
      ? new Uint8Array(0)
      : this.#inbound.subarray(0, this.#options.pieceBytes ?? 10_007);
  }

  get readableBytes(): number {
    return this.isClosed ? 0 : this.#inbound.length;
  }

  consume(byteCount: number): void {
    assert(byteCount <= this.readableBytes, 'only readable bytes are consumed');
    this.#inbound = this.#inbound.subarray(byteCount);
    this.#consumed += byteCount;
  }

  get isReadFinished(): boolean {
    return !this.isClosed && this.#isPeerFinished && this.#inbound.length === 0;
  }

  silentSinceUs = 0;
  pingCount = 0;

  probeMtu(): boolean {
    return false;
  }

  ping(): void {
    this.pingCount++;
  }

  expectPeer(): void {
    this.isPeerExpected = true;
  }

  raiseCredit(): boolean {
    if (this.#creditRefusals-- > 0) return false;
    this.#windowBytes = this.#options.creditBytes ?? 1_048_576;
    return true;
  }

  close(code: CloseCode, reason: string): void {
    if (this.isClosed) return;
    this.closedWith = { code, reason, byPeer: false };
    this.end(this.closedWith);
    this.peer.end({ code, reason, byPeer: true });
  }

  end(reason: CloseReason): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#closeDue = reason;
  }

  /** One flight: what arrived in the last step is acknowledged, then more travels. */
  transmit(): boolean {
    if (this.isClosed) return false;
    const acknowledged = this.#arrived - this.acknowledgedBytes;
    this.acknowledgedBytes = this.#arrived;
    while (this.#chunks.length > 0 && this.#chunks[0]!.end <= this.acknowledgedBytes) {
      const { bytes, asWritten } = this.#chunks.shift()!;
      assert(Buffer.compare(bytes, asWritten) === 0, 'written bytes stay until acknowledged');
    }
    const sendable = Math.min(this.#written, this.#peerCreditOffset) - this.#sent;
    const moving = Math.min(sendable, this.#options.stepBytes ?? 262_144);
    if (moving > 0) {
      const moved = this.#unsent(moving);
      this.onWire(moved, this.#sent);
      this.peer.#inbound = Buffer.concat([this.peer.#inbound, moved]);
      this.#sent += moving;
      this.#arrived = this.#sent;
      this.peer.#isReadableDue = true;
      this.#isWritableDue = true;
    }
    if (this.#isFinished && this.#sent === this.#written && !this.peer.#isPeerFinished) {
      this.peer.#isPeerFinished = true;
      this.peer.#isReadableDue = true;
    }
    if (acknowledged > 0) this.#isWritableDue = true;
    return moving > 0 || acknowledged > 0;
  }

  #unsent(byteCount: number): Buffer {
    const end = this.#sent + byteCount;
    const parts: Uint8Array[] = [];
    for (const chunk of this.#chunks) {
      const start = chunk.end - chunk.bytes.length;
      if (chunk.end <= this.#sent || start >= end) continue;
      parts.push(chunk.bytes.subarray(Math.max(0, this.#sent - start), end - start));
    }
    return Buffer.concat(parts);
  }

  tell(listener: PairListener): boolean {
    const close = this.#closeDue;
    if (close !== undefined) {
      this.#closeDue = undefined;
      listener.onClosed(close);
      return true;
    }
    if (this.isClosed) return false;
    const isAnythingDue = this.#isReadableDue || this.#isWritableDue;
    if (this.#isReadableDue) listener.onReadable();
    this.#isReadableDue = false;
    if (this.#isWritableDue) listener.onWritable();
    this.#isWritableDue = false;
    return isAnythingDue;
  }
}
