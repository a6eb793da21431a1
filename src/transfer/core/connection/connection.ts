import type { Path } from '../path/path.ts';
import type { Address, PathMember } from '../path/path-member.ts';
import { decodeClose, decodePathToken } from '../wire/codec.ts';
import type { PacketHeader } from '../wire/packet.ts';
import { PacketType } from '../wire/packet.ts';
import { AddressValidation } from './address-validation.ts';
import { beginDrain, Closing, type Drain } from './closing.ts';
import type { ConnectionHost, DatagramVerdict } from './connection-host.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { connectionStats, type ConnectionStatsFields } from './connection-stats.ts';
import { Liveness } from './liveness.ts';
import { PacketNumbers, type ReceivedPacket } from './packet-numbers.ts';
import { PacketWriter } from './packet-writer.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';
import { recordLimitBytes } from './send-limits.ts';
import { SendStream } from './send-stream.ts';
import { WriteRoom } from './write-room.ts';

/** Close codes that this folder gives by itself; the full list is the transport's. */
const CLOSE_OK = 0;
const CLOSE_VIOLATION = 3;
const CLOSE_VANISHED = 4;
const CLOSE_INTERNAL = 8;

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
  /** Where its packets go; another one once the peer has moved. */
  path: Path;
  readonly localConnectionId: number;
  deficitBytes = 0;
  isReady = false;
  standingBytes: number;
  /** Where what `pollControl` has filled goes. */
  transmitTo: Address;
  readonly #host: ConnectionHost;
  readonly #writer: PacketWriter;
  readonly #sender: Sender;
  readonly #sendStream: SendStream;
  readonly #writeRoom: WriteRoom;
  readonly #receiver: Receiver;
  readonly #liveness: Liveness;
  readonly #numbers: PacketNumbers;
  readonly #validation: AddressValidation;
  #newestCreditSeq = -1;
  #closing: Closing | undefined;
  /** CLOSE(ok) waits for what was sent to be acknowledged. */
  #drain: Drain | undefined;
  #isClosed = false;
  #isConfirmed: boolean;
  #packetsSentCount = 0;

  constructor(options: ConnectionOptions, host: ConnectionHost) {
    this.handle = options.handle;
    this.keyId = options.keyId;
    this.isOpener = options.isOpener;
    this.path = options.path;
    this.transmitTo = options.path.address;
    this.localConnectionId = options.localConnectionId;
    this.standingBytes = options.peerSocketShareBytes;
    this.#host = host;
    this.#isConfirmed = options.isOpener;
    this.#writer = new PacketWriter(options.peerConnectionId, options.check);
    this.#sendStream = new SendStream(options.peerCreditBytes);
    this.#writeRoom = new WriteRoom(this.#sendStream, host.ledger);
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
    this.#numbers = new PacketNumbers(this.#writer, this.#sender, this.#receiver);
    this.#validation = new AddressValidation(host.random, this.#writer.bodyAt, this.#sender);
    this.#liveness = new Liveness(host.idleTimeoutUs, options.nowUs);
    this.path.join(this);
  }

  // ---- getters

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Nothing comes back, or the peer speaks from elsewhere: it may have to be looked for. */
  get isPeerAway(): boolean {
    return !this.#isClosed && (this.#sender.isSilenced || this.#validation.isPeerElsewhere);
  }

  /** Whether the peer has proven that it can hear us at its address. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  get peerAddress(): Address {
    return this.path.address;
  }

  get writeRoomBytes(): number {
    return this.#isClosed ? 0 : this.#writeRoom.roomBytes;
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
    return connectionStats(this.path, this.#sender, this.#receiver, this.#packetsSentCount);
  }

  get hasControl(): boolean {
    if (!this.#isConfirmed) return false;
    if (this.#closing !== undefined) return this.#closing.isDue;
    const { nowUs } = this.#host;
    if (this.#sender.hasProbe || this.#validation.isDue(nowUs)) return true;
    return this.#receiver.ackAtUs <= nowUs;
  }

  /** When `handleTimeout` has something to do; Infinity when nothing is armed. */
  get nextTimeoutUs(): number {
    if (this.#closing !== undefined) return this.#closing.nextTimeoutUs;
    // Half-open: may send nothing, and ends with its introduction.
    if (this.#isClosed || !this.#isConfirmed) return Infinity;
    return Math.min(
      this.#sender.nextTimeoutUs,
      this.#receiver.nextTimeoutUs,
      this.#validation.nextTimeoutUs,
      this.#liveness.nextTimeoutUs(this.#sender.lastSentAtUs, this.#isWaiting),
      this.#drain?.endUs ?? Infinity,
    );
  }

  // ---- commands

  write(chunk: Uint8Array): void {
    if (this.#isClosed || this.#drain !== undefined) return;
    this.#sendStream.write(chunk);
    this.#writeRoom.onWritten();
    this.#activate();
  }

  flush(): void {
    this.#sender.endTurn();
    this.#activate();
  }

  finish(): void {
    if (this.#isClosed) return;
    this.#sendStream.finish();
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
    if (this.#isClosed || this.#drain !== undefined) return;
    const { nowUs } = this.#host;
    const isDone = code !== CLOSE_OK || this.#sendStream.isAcknowledged;
    if (isDone) this.#beginClosing(code, reason, nowUs);
    else this.#drain = beginDrain(reason, this.#sender.probeTimeoutUs, nowUs);
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
  handleDatagram(
    header: PacketHeader,
    datagram: Uint8Array,
    nowUs: number,
    from: Address = this.path.address,
  ): DatagramVerdict {
    const { check } = this.#writer;
    const number = this.#numbers.read(header, datagram);
    if (number === undefined) return check.verify(datagram, 0) === 'ok' ? 'malformed' : 'damaged';
    const verdict = check.verify(datagram, Math.floor(number / 2 ** 32));
    if (verdict !== 'ok') return verdict;
    this.#onChecked(nowUs);
    if (this.#closing !== undefined) {
      if (header.type !== PacketType.close) this.#closing.onPacket();
      this.#host.wantsControl(this);
      return 'taken';
    }
    if (this.#isClosed) return 'taken';
    const isNewest = this.#numbers.isNewest(header, number);
    this.#validation.onPacket(from, this.path.address, datagram.length, isNewest, nowUs);
    if (this.#validation.isDue(nowUs)) this.#host.wantsControl(this);
    return this.#route({ header, datagram, number, from }, nowUs);
  }

  /** Goes on by the path to this address; a path that was in use keeps what it has learned. */
  moveTo(address: Address, roundTripUs?: number): void {
    const { peerDatagramBytes } = this.path;
    this.path.leave(this, this.#sender.bytesHeldOnPath);
    this.path = this.#host.pathTo(address);
    this.path.peerDatagramBytes = peerDatagramBytes;
    if (roundTripUs !== undefined) this.path.learnRoundTrip(roundTripUs, this.#host.nowUs);
    this.path.join(this);
    this.#sender.moveTo(this.path);
    this.#validation.onMoved();
    this.#activate();
  }

  #route(packet: ReceivedPacket, nowUs: number): DatagramVerdict {
    switch (packet.header.type) {
      case PacketType.ack:
        this.#handleAck(nowUs);
        return 'taken';
      case PacketType.mark:
        return this.#receiver.handleMark(packet.datagram);
      case PacketType.close: {
        const close = decodeClose(packet.datagram, this.#writer.bodyAt);
        if (close === undefined) return 'malformed';
        this.#end(close.code, close.reason, true);
        this.#host.onGone(this);
        return 'taken';
      }
      case PacketType.pathChallenge:
      case PacketType.pathResponse:
        return this.#handlePathPacket(packet, nowUs);
      case PacketType.data:
      case PacketType.ping:
      case PacketType.mtuProbe:
        return this.#handleNumbered(packet, nowUs);
      default:
        return 'malformed';
    }
  }

  #handlePathPacket(packet: ReceivedPacket, nowUs: number): DatagramVerdict {
    const { header, datagram, number, from } = packet;
    const token = decodePathToken(datagram, this.#writer.bodyAt);
    if (token === undefined) return 'malformed';
    if (this.#receiver.isNew(number)) {
      const moved = this.#validation.onPathPacket(header.type, token, from, nowUs);
      if (moved !== undefined) this.moveTo(moved.address, moved.roundTripUs);
      else this.#host.wantsControl(this);
    }
    return this.#handleNumbered(packet, nowUs);
  }

  #handleNumbered(packet: ReceivedPacket, nowUs: number): DatagramVerdict {
    const { header, datagram, number } = packet;
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
    const { ack } = this.#numbers;
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
    if (this.#drain !== undefined && this.#sendStream.isAcknowledged) {
      this.#beginClosing(CLOSE_OK, this.#drain.reason, nowUs);
      return;
    }
    if (this.#writeRoom.takeSent()) this.#host.onNews(this, 'sent');
    this.#tellWritable();
    if (this.#sender.hasProbe || this.#sender.isMarkDue(nowUs)) this.#host.wantsControl(this);
    this.#activate();
  }

  #tellWritable(): void {
    if (!this.#isClosed && this.#writeRoom.takeWritable()) this.#host.onNews(this, 'writable');
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
    if (this.#drain !== undefined && nowUs >= this.#drain.endUs) {
      this.#beginClosing(CLOSE_OK, this.#drain.reason, nowUs);
      return;
    }
    this.#validation.handleTimeout(nowUs);
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
    this.transmitTo = this.path.address;
    if (!this.#isConfirmed) return 0;
    if (this.#closing !== undefined) return this.#closing.isDue ? this.#closing.poll(buffer) : 0;
    if (this.#isClosed) return 0;
    let length = this.#pollPathPacket(buffer, nowUs);
    if (length === 0 && this.#receiver.ackAtUs <= nowUs) length = this.#buildAck(buffer, nowUs);
    if (length === 0) length = this.#sender.pollProbe(buffer, nowUs);
    if (length === 0) length = this.#sender.pollMark(buffer, nowUs);
    if (length > 0) this.#packetsSentCount++;
    return length;
  }

  #pollPathPacket(buffer: Uint8Array, nowUs: number): number {
    const packet = this.#validation.take(nowUs);
    const length = packet ? this.#sender.buildPathPacket(buffer, packet, nowUs) : 0;
    if (packet && length > 0) this.transmitTo = packet.to;
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
    this.#closing = new Closing(this.#writer, code, reason, this.#sender.probeTimeoutUs, nowUs);
    this.#end(code, reason, false);
    this.#host.wantsControl(this);
  }

  #end(code: number, reason: string, byPeer: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drain = undefined;
    this.path.leave(this, this.#sender.bytesHeldOnPath);
    this.#receiver.close();
    const known = Number.isInteger(code) && code >= 0 ? code : CLOSE_INTERNAL;
    this.#host.onClosed(this, known, reason, byPeer);
  }
}
