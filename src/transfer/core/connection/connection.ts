import type { Path } from '../path/path.ts';
import type { PathMember } from '../path/path-member.ts';
import { DecodedAck, decodeAck, decodeClose, decodePacketNumber } from '../wire/codec.ts';
import { expandPacketNumber } from '../wire/packet-number.ts';
import type { PacketHeader } from '../wire/packet.ts';
import { PacketType } from '../wire/packet.ts';
import { Closing } from './closing.ts';
import type { ConnectionHost, DatagramVerdict } from './connection-host.ts';
import type { ConnectionOptions, ConnectionStatsFields } from './connection-options.ts';
import { Liveness } from './liveness.ts';
import { PacketWriter } from './packet-writer.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';
import { maxUnsentBytes, recordLimitBytes } from './send-limits.ts';
import { SendStream } from './send-stream.ts';

/** Close codes that this folder gives by itself; the full list is the transport's. */
const CLOSE_OK = 0;
const CLOSE_VIOLATION = 3;
const CLOSE_VANISHED = 4;
const CLOSE_INTERNAL = 8;

/** Least wait for the peer's last acknowledgements before CLOSE(ok) leaves without them. */
const MIN_DRAIN_US = 5_000_000;
const DRAIN_PTO_COUNT = 10;

/**
 * One connection: a stream each way over one path, with what ties them together: ACKs, credit,
 * liveness and the end. `Sender` decides what leaves, `AckTracker` and `ReceiveStream` what has
 * come; this class routes packets and timers between them.
 *
 * Methods come in four kinds: commands of the user (write … close), `handle…` for input,
 * `poll…` for output, and getters. Never throws at what the peer sends.
 */
export class Connection implements PathMember {
  readonly handle: number;
  readonly keyId: string;
  readonly isOpener: boolean;
  readonly path: Path;
  readonly localConnectionId: number;
  deficitBytes = 0;
  isReady = false;
  standingBytes: number;
  readonly #host: ConnectionHost;
  readonly #writer: PacketWriter;
  readonly #sender: Sender;
  readonly #sendStream: SendStream;
  readonly #receiver: Receiver;
  readonly #liveness: Liveness;
  readonly #ack = new DecodedAck();
  #newestCreditSeq = -1;
  #closing: Closing | undefined;
  /** Until when CLOSE(ok) waits for what was sent to be acknowledged; undefined when not closing. */
  #drainEndUs: number | undefined;
  #drainReason = '';
  #isClosed = false;
  #isConfirmed: boolean;
  #isWritableOwed = false;
  #isSentTold = false;
  #packetsSentCount = 0;

  constructor(options: ConnectionOptions, host: ConnectionHost) {
    this.handle = options.handle;
    this.keyId = options.keyId;
    this.isOpener = options.isOpener;
    this.path = options.path;
    this.localConnectionId = options.localConnectionId;
    this.standingBytes = options.peerSocketShareBytes;
    this.#host = host;
    this.#isConfirmed = options.isOpener;
    this.#writer = new PacketWriter(options.peerConnectionId, options.check);
    this.#sendStream = new SendStream(options.peerCreditBytes);
    this.#sender = new Sender(
      options.path,
      this.#writer,
      this.#sendStream,
      options.firstPacketNumber,
      host.random,
    );
    this.#receiver = new Receiver({
      writer: this.#writer,
      peerFirstPacketNumber: options.peerFirstPacketNumber,
      account: options.account,
      ledger: host.ledger,
      pool: host.pool,
      startUs: options.nowUs,
    });
    this.#liveness = new Liveness(host.idleTimeoutUs, options.nowUs);
    this.path.join(this);
  }

  // ---- getters

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the peer has proven that it can hear us at its address. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  get peerAddress(): Path['address'] {
    return this.path.address;
  }

  get writeRoomBytes(): number {
    if (this.#isClosed || this.#sendStream.isFinished) return 0;
    const unsentRoom = this.#maxUnsentBytes - this.#sendStream.unsentBytes;
    const creditRoom = this.#sendStream.creditOffset - this.#sendStream.written;
    const room = Math.max(0, Math.min(unsentRoom, creditRoom));
    if (room === 0) this.#isWritableOwed = true;
    return room;
  }

  get #maxUnsentBytes(): number {
    return maxUnsentBytes(this.#host.ledger.accountCount);
  }

  get acknowledgedBytes(): number {
    return this.#sendStream.acknowledged;
  }

  get recordLimitBytes(): number {
    return recordLimitBytes(this.#sendStream, this.path.pacingBytesPerSec);
  }

  get readableBytes(): number {
    return this.#receiver.stream.readableBytes;
  }

  get isReadFinished(): boolean {
    return this.#receiver.stream.isReadFinished;
  }

  get stats(): ConnectionStatsFields {
    const sender = this.#sender;
    return {
      packetsSentCount: this.#packetsSentCount,
      packetsLostCount: sender.packetsLostCount,
      packetsSpuriouslyLostCount: sender.packetsSpuriouslyLostCount,
      bytesRetransmittedCount: this.#sendStream.retransmittedBytes,
      packetsReceivedCount: this.#receiver.receivedCount,
      packetsReceivedTwiceCount: this.#receiver.duplicateCount,
      smoothedRttUs: this.path.rtt.smoothedUs,
      minRttUs: this.path.rtt.minUs,
      bytesInFlight: sender.bytesInFlight,
      windowBytes: this.path.windowBytes,
      pacingBytesPerSec: this.path.pacingBytesPerSec,
      datagramBytes: this.path.datagramBytes,
    };
  }

  get hasControl(): boolean {
    if (!this.#isConfirmed) return false;
    if (this.#closing !== undefined) return this.#closing.isDue;
    return this.#receiver.ackAtUs <= this.#host.nowUs || this.#sender.hasProbe;
  }

  /** When `handleTimeout` has something to do; Infinity when nothing is armed. */
  get nextTimeoutUs(): number {
    if (this.#closing !== undefined) return this.#closing.nextTimeoutUs;
    // Half-open: may send nothing, and ends with its introduction.
    if (this.#isClosed || !this.#isConfirmed) return Infinity;
    return Math.min(
      this.#sender.nextTimeoutUs,
      this.#receiver.nextTimeoutUs,
      this.#liveness.nextTimeoutUs(this.#sender.lastSentAtUs, this.#isWaiting),
      this.#drainEndUs ?? Infinity,
    );
  }

  // ---- commands

  write(chunk: Uint8Array): void {
    if (this.#isClosed || this.#drainEndUs !== undefined) return;
    this.#sendStream.write(chunk);
    if (this.#sendStream.unsentBytes > this.#maxUnsentBytes / 2) this.#isWritableOwed = true;
    this.#isSentTold = false;
    this.#activate();
  }

  flush(): void {
    this.#sender.endTurn();
    this.#activate();
  }

  finish(): void {
    if (this.#isClosed) return;
    this.#sendStream.finish();
    this.#isSentTold = false;
    this.#activate();
  }

  peek(): Uint8Array {
    return this.#receiver.stream.peek();
  }

  consume(byteCount: number): void {
    if (this.#isClosed) return;
    this.#receiver.consume(byteCount, this.#host.nowUs);
    this.#queueAck();
  }

  raiseCredit(): boolean {
    if (this.#isClosed || !this.#receiver.raiseCredit(this.#host.nowUs)) return false;
    this.#queueAck();
    return true;
  }

  close(code: number, reason: string): void {
    if (this.#isClosed || this.#drainEndUs !== undefined) return;
    const nowUs = this.#host.nowUs;
    if (code !== CLOSE_OK || this.#sendStream.isAcknowledged) {
      this.#beginClosing(code, reason, nowUs);
      return;
    }
    const drainUs = Math.max(DRAIN_PTO_COUNT * this.#sender.probeTimeoutUs, MIN_DRAIN_US);
    this.#drainEndUs = nowUs + drainUs;
    this.#drainReason = reason;
  }

  /** Ends without a word: the opener was never heard again. */
  abort(): void {
    this.#end(CLOSE_VANISHED, 'the opening was not completed', false);
    this.#host.onGone(this);
  }

  /** Says something by itself, so that the peer learns that its OPEN_ACK arrived. */
  greet(): void {
    if (!this.#sendStream.hasSlice) this.#sender.ping();
    this.#host.wantsControl(this);
  }

  #activate(): void {
    if (this.#isConfirmed && !this.#isClosed && this.#sender.hasData) this.path.activate(this);
  }

  #queueAck(): void {
    if (this.#receiver.ackAtUs <= this.#host.nowUs) this.#host.wantsControl(this);
  }

  // ---- input

  /** A datagram whose header names this connection. */
  handleDatagram(header: PacketHeader, datagram: Uint8Array, nowUs: number): DatagramVerdict {
    const at = this.#writer.bodyAt;
    const check = this.#writer.check;
    let number = 0;
    if (header.type === PacketType.ack) {
      const { expectedLargest, expectedAckSeq } = this.#sender;
      if (!decodeAck(datagram, at, expectedLargest, expectedAckSeq, this.#ack)) {
        return check.verify(datagram, 0) === 'ok' ? 'malformed' : 'damaged';
      }
      number = this.#ack.ackSeq;
    } else if (header.type !== PacketType.mark && header.type !== PacketType.close) {
      const truncated = decodePacketNumber(datagram, at);
      if (truncated === undefined) return 'malformed';
      number = expandPacketNumber(truncated, this.#receiver.expectedNumber);
    }
    const verdict = check.verify(datagram, Math.floor(number / 2 ** 32));
    if (verdict !== 'ok') return verdict;
    this.#onChecked(nowUs);
    if (this.#closing !== undefined) {
      if (header.type !== PacketType.close) this.#closing.onPacket();
      this.#host.wantsControl(this);
      return 'taken';
    }
    if (this.#isClosed) return 'taken';
    return this.#route(header, datagram, number, nowUs);
  }

  #route(
    header: PacketHeader,
    datagram: Uint8Array,
    number: number,
    nowUs: number,
  ): DatagramVerdict {
    switch (header.type) {
      case PacketType.ack:
        this.#handleAck(nowUs);
        return 'taken';
      case PacketType.mark:
        return this.#receiver.handleMark(datagram);
      case PacketType.close: {
        const close = decodeClose(datagram, this.#writer.bodyAt);
        if (close === undefined) return 'malformed';
        this.#end(close.code, close.reason, true);
        this.#host.onGone(this);
        return 'taken';
      }
      case PacketType.data:
      case PacketType.ping:
      case PacketType.mtuProbe:
        return this.#handleNumbered(header, datagram, number, nowUs);
      default:
        return 'malformed';
    }
  }

  #handleNumbered(
    header: PacketHeader,
    datagram: Uint8Array,
    number: number,
    nowUs: number,
  ): DatagramVerdict {
    const verdict = this.#receiver.handleNumbered(header, datagram, number, nowUs);
    if (verdict === 'violation') {
      this.#beginClosing(CLOSE_VIOLATION, 'stream limits exceeded', nowUs);
      return 'taken';
    }
    if (this.#receiver.takeReadable()) this.#host.onNews(this, 'readable');
    this.#queueAck();
    return verdict;
  }

  #handleAck(nowUs: number): void {
    const ack = this.#ack;
    if (ack.ackSeq > this.#newestCreditSeq) {
      this.#newestCreditSeq = ack.ackSeq;
      this.path.onStandingBytes(this, ack.socketShareBytes);
      this.standingBytes = ack.socketShareBytes;
    }
    if (!this.#sender.handleAck(ack, nowUs)) {
      this.#beginClosing(CLOSE_VIOLATION, 'acknowledged what was never sent', nowUs);
      return;
    }
    this.#afterProgress(nowUs);
  }

  #afterProgress(nowUs: number): void {
    if (this.#sendStream.isAcknowledged) {
      if (this.#drainEndUs !== undefined) {
        this.#beginClosing(CLOSE_OK, this.#drainReason, nowUs);
        return;
      }
      if (this.#sendStream.isFinished && !this.#isSentTold) {
        this.#isSentTold = true;
        this.#host.onNews(this, 'sent');
      }
    }
    this.#tellWritable();
    if (this.#sender.hasProbe || this.#sender.isMarkDue(nowUs)) this.#host.wantsControl(this);
    this.#activate();
  }

  #tellWritable(): void {
    if (!this.#isWritableOwed || this.#isClosed) return;
    if (this.#sendStream.unsentBytes > this.#maxUnsentBytes / 2) return;
    if (this.#sendStream.creditOffset <= this.#sendStream.written) return;
    this.#isWritableOwed = false;
    this.#host.onNews(this, 'writable');
  }

  #onChecked(nowUs: number): void {
    if (this.#liveness.onChecked(nowUs)) this.#host.onNews(this, 'resumed');
    if (this.#isConfirmed) return;
    this.#isConfirmed = true;
    this.#host.onNews(this, 'opened');
    this.#activate();
  }

  handleTimeout(nowUs: number): void {
    if (this.#closing !== undefined) {
      if (this.#closing.handleTimeout(nowUs)) this.#host.onGone(this);
      else if (this.#closing.isDue) this.#host.wantsControl(this);
      return;
    }
    if (this.#isClosed) return;
    if (this.#liveness.isVanished(nowUs)) {
      this.#end(CLOSE_VANISHED, 'no answer from the other side', false);
      this.#host.onGone(this);
      return;
    }
    if (this.#drainEndUs !== undefined && nowUs >= this.#drainEndUs) {
      this.#beginClosing(CLOSE_OK, this.#drainReason, nowUs);
      return;
    }
    this.#sender.handleTimeout(nowUs);
    this.#receiver.handleTimeout(nowUs);
    if (this.#liveness.isPingDue(this.#sender.lastSentAtUs, nowUs)) this.#sender.ping();
    if (this.#liveness.isStalledNow(this.#isWaiting, this.#sender.probeTimeoutUs, nowUs)) {
      this.#host.onNews(this, 'stalled');
    }
    if (this.hasControl) this.#host.wantsControl(this);
    this.#activate();
  }

  /** Something is owed to us: an acknowledgement, or bytes behind a gap. */
  get #isWaiting(): boolean {
    return this.#sender.packetsInFlight > 0 || this.#sendStream.hasSlice;
  }

  /** How long this side has heard nothing; for showing. */
  get silentSinceUs(): number {
    return this.#liveness.checkedAtUs;
  }

  // ---- output

  /** Fills `buffer` with one packet that the window does not bound; 0 when none is due. */
  pollControl(buffer: Uint8Array, nowUs: number): number {
    if (!this.#isConfirmed) return 0;
    if (this.#closing !== undefined) return this.#closing.isDue ? this.#closing.poll(buffer) : 0;
    if (this.#isClosed) return 0;
    let length = 0;
    if (this.#receiver.ackAtUs <= nowUs) length = this.#buildAck(buffer, nowUs);
    if (length === 0) length = this.#sender.pollProbe(buffer, nowUs);
    if (length === 0 && this.#sender.isMarkDue(nowUs))
      length = this.#sender.buildMark(buffer, nowUs);
    if (length > 0) this.#packetsSentCount++;
    return length;
  }

  /** Fills `buffer` with one DATA packet; called by the path when window and pacer allow. */
  pollPacket(buffer: Uint8Array, nowUs: number): number {
    if (this.#isClosed) return 0;
    const length = this.#sender.pollData(buffer, nowUs);
    if (length === 0) return 0;
    this.#packetsSentCount++;
    this.#tellWritable();
    return length;
  }

  #buildAck(buffer: Uint8Array, nowUs: number): number {
    const limit = Math.min(buffer.length, this.path.datagramBytes);
    return this.#receiver.buildAck(buffer, limit, this.#host.socketShareBytes, nowUs);
  }

  // ---- the end

  #beginClosing(code: number, reason: string, nowUs: number): void {
    if (this.#isClosed) return;
    const probeTimeoutUs = this.#sender.probeTimeoutUs;
    this.#closing = new Closing(this.#writer, code, reason, probeTimeoutUs, nowUs);
    this.#end(code, reason, false);
    this.#host.wantsControl(this);
  }

  #end(code: number, reason: string, byPeer: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drainEndUs = undefined;
    this.path.leave(this, this.#sender.bytesHeldOnPath);
    this.#receiver.close();
    const known = Number.isInteger(code) && code >= 0 ? code : CLOSE_INTERNAL;
    this.#host.onClosed(this, known, reason, byPeer);
  }
}
