import assert from 'node:assert/strict';
import type { Path } from '../../path/path.ts';
import { PacketKind, SentPackets } from '../../recovery/sent-packets.ts';
import {
  type DecodedAck,
  encodeDataHeader,
  encodeMtuProbe,
  encodePathChallenge,
  encodePing,
} from '../../wire/codec.ts';
import { DATA_HEADER_BYTES, PacketFlag, PacketType } from '../../wire/packet.ts';
import type { PathPacket } from '../address-validation.ts';
import type { ConnectionTrace } from '../connection-trace.ts';
import { Flight } from './flight.ts';
import { LossRecovery } from './loss-recovery.ts';
import { MarkSchedule } from './mark-schedule.ts';
import { NumberSkips } from './number-skips.ts';
import type { PacketWriter } from '../packet-writer.ts';
import { ProbeTimer } from './probe-timer.ts';
import type { SendStream, StreamSlice } from './send-stream.ts';
import { Tail } from './tail.ts';

/** Slots of the sent ring: 8 windows of 1 Gbit/s × 200 ms in base datagrams (DESIGN §4). */
export const MAX_SENT_PACKETS = 262_144;
/** An MTU probe leaves only before at least this many of its size: few packets need no larger ones. */
const MTU_PROBE_WORTH = 2;
/** A window below this repeats no tail. */
const MIN_TAIL_WINDOW_PACKETS = 4;
/**
 * Packets in flight whose acknowledgement nobody waits for: a peer that asks for answers by PATH_CHALLENGE and
 * acknowledges none would else fill the ring, and nothing could be sent any more.
 */
export const MAX_UNAWAITED_PACKETS = 64;
/**
 * The sending side of a connection: builds numbered packets, inside the window and beside it.
 *
 * It decides what to send, its path when, and `LossRecovery` what has become of it.
 */
export class Sender {
  readonly stream: SendStream;
  #path: Path;
  readonly #writer: PacketWriter;
  readonly #sent: SentPackets;
  readonly #skips: NumberSkips;
  readonly #flight: Flight;
  readonly #mark: MarkSchedule;
  readonly #timer = new ProbeTimer();
  readonly #recovery: LossRecovery;
  readonly #slice: StreamSlice = { offset: 0, length: 0, isFin: false };
  readonly #tail = new Tail();
  readonly #trace: ConnectionTrace | undefined;
  #pingsDue = 0;
  #isMtuProbeWanted = false;
  /** Silenced, and the path carries again: one probe may leave as any packet does. */
  #mayAsk = false;
  #askedAtUs = -Infinity;

  constructor(
    path: Path,
    writer: PacketWriter,
    stream: SendStream,
    firstPacketNumber: number,
    random: () => number,
    trace?: ConnectionTrace,
  ) {
    this.#trace = trace;
    this.#path = path;
    this.#writer = writer;
    this.stream = stream;
    this.#sent = new SentPackets(firstPacketNumber, MAX_SENT_PACKETS);
    this.#flight = new Flight(this.#sent, path);
    this.#mark = new MarkSchedule(firstPacketNumber);
    this.#skips = new NumberSkips(this.#sent, random);
    this.#recovery = new LossRecovery(path, {
      sent: this.#sent,
      flight: this.#flight,
      stream,
      timer: this.#timer,
      mark: this.#mark,
      trace,
    });
  }

  get bytesInFlight(): number {
    return this.#flight.bytes;
  }

  /** Those whose acknowledgement is waited for: MTU probes and path validation are not. */
  get packetsInFlight(): number {
    return this.#flight.awaitedCount;
  }

  get packetsLostCount(): number {
    return this.#recovery.packetsLostCount;
  }

  get packetsSpuriouslyLostCount(): number {
    return this.#recovery.packetsSpuriouslyLostCount;
  }

  /** When the last numbered packet left. */
  get lastSentAtUs(): number {
    return this.#timer.lastSentAtUs;
  }

  /** Two probe timeouts in a row went by without an ACK. */
  get isSilenced(): boolean {
    return this.#flight.isSuspended;
  }

  /** Something is owed to us, or left to say: an acknowledgement, or bytes that have not left. */
  get isWaiting(): boolean {
    return this.packetsInFlight > 0 || this.stream.hasSlice;
  }

  /** Packets that bypass the window are due. */
  get hasProbe(): boolean {
    return this.#timer.hasProbe || this.#pingsDue > 0 || this.#isMtuProbeWanted;
  }

  /** Something the window bounds could be sent. */
  get hasData(): boolean {
    if (this.#flight.isSuspended) return this.#mayAsk;
    if (this.packetsInFlight >= this.#windowPackets) return false;
    return this.stream.hasSlice || this.#tail.isDue(this.stream);
  }

  get #windowPackets(): number {
    return this.#path.controller.connectionWindowPackets;
  }

  /** Probe timeout without backoff. */
  get probeTimeoutUs(): number {
    return this.#recovery.probeTimeoutUs;
  }

  /** When `handleTimeout` has something to do. */
  get nextTimeoutUs(): number {
    if (this.packetsInFlight === 0) return this.#creditQuestionAtUs;
    return Math.min(this.#recovery.lossTimeUs, this.#timer.probeAtUs(this.probeTimeoutUs));
  }

  /** Stopped by credit with nothing on its way: when to ask whether the ACK that raised it is lost. */
  get #creditQuestionAtUs(): number {
    if (!this.stream.isBlockedByCredit) return Infinity;
    return this.#timer.creditQuestionAtUs(this.probeTimeoutUs);
  }

  handleTimeout(nowUs: number): void {
    if (this.packetsInFlight === 0) {
      if (nowUs >= this.#creditQuestionAtUs) {
        this.#timer.onCreditQuestion();
        this.ping();
      }
      return;
    }
    if (nowUs >= this.#recovery.lossTimeUs) this.#recovery.handleLossTimeout(nowUs);
    if (this.packetsInFlight > 0 && nowUs >= this.#timer.probeAtUs(this.probeTimeoutUs)) {
      this.#timer.onTimeout(nowUs);
      this.#trace?.onProbeTimeout(nowUs);
      if (this.#timer.isSilent) this.#flight.suspend();
    }
  }

  /** What the path counts of this connection's packets: nothing while it is silenced. */
  get bytesOnPath(): number {
    return this.#flight.isSuspended ? 0 : this.#flight.bytesOnPath;
  }

  /** Fails where an invariant is broken. Looks at all that is in flight: for tests. */
  audit(): void {
    this.#flight.audit();
    this.stream.audit(this.#sent);
    assert(
      this.nextTimeoutUs < Infinity === (this.packetsInFlight > 0 || this.stream.isBlockedByCredit),
      'a timeout is armed while an answer is waited for, and only then',
    );
  }

  /**
   * What others sent on the path arrives: a silenced sender may ask once, in its turn, and once in a probe
   * timeout. True when it may.
   */
  onPathHeard(nowUs: number): boolean {
    this.#mayAsk = this.#flight.isSuspended && nowUs - this.#askedAtUs >= this.probeTimeoutUs;
    return this.#mayAsk;
  }

  /** How much the path has to forget because the connection leaves it. */
  takeFromPath(): number {
    this.#flight.resume();
    return this.#flight.bytesOnPath;
  }

  /** The connection has left its path with all it held there, and goes on by this one. */
  moveTo(path: Path): void {
    this.#path = path;
    this.#flight.moveTo(path);
    this.#recovery.moveTo(path);
    this.#timer.onMoved();
  }

  /** A turn ends with what was written so far: its tail is sent twice. */
  endTurn(): void {
    this.#tail.arm(this.stream.written);
  }

  /** Asks for a PING: a packet that is acknowledged and carries nothing. */
  ping(): void {
    this.#pingsDue = 1;
  }

  /** Asks for an MTU probe though nothing is to be sent; false when no larger one may be found. */
  probeMtu(): boolean {
    this.#isMtuProbeWanted = this.#path.mtu.isSearching;
    return this.#isMtuProbeWanted;
  }

  /** Fills `buffer` with one packet that bypasses the window: a probe or PING; 0 when none is due. */
  pollProbe(buffer: Uint8Array, nowUs: number): number {
    if (this.#isMtuProbeWanted) {
      this.#isMtuProbeWanted = false;
      const room = this.#ringIsFull() ? 0 : buffer.length;
      const sizeBytes = this.#path.mtu.takeProbe(room, nowUs);
      if (sizeBytes > 0) return this.#buildMtuProbe(buffer, sizeBytes, nowUs);
    }
    if (this.#pingsDue > 0) {
      this.#pingsDue = 0;
      return this.#buildPing(buffer, nowUs);
    }
    if (!this.#timer.takeProbe()) return 0;
    if (!this.#path.mayProbe(this, nowUs, this.probeTimeoutUs) || this.#ringIsFull()) {
      this.#timer.dropProbes();
      return 0;
    }
    return this.#buildProbe(buffer, nowUs);
  }

  #buildProbe(buffer: Uint8Array, nowUs: number): number {
    const room = this.#probeRoom(buffer);
    if (this.stream.takeSlice(room, this.#slice)) return this.#buildData(buffer, true, nowUs);
    if (this.stream.repeatOldest(room, this.#slice)) return this.#buildData(buffer, true, nowUs);
    return this.#buildPing(buffer, nowUs);
  }

  /**
   * Fills `buffer` with PATH_CHALLENGE or PATH_RESPONSE, which goes to an address of its own and is
   * not the path's; 0 when the ring is full, or too many such packets are not acknowledged.
   */
  buildPathPacket(buffer: Uint8Array, packet: PathPacket, nowUs: number): number {
    if (this.#flight.unawaitedCount >= MAX_UNAWAITED_PACKETS || this.#ringIsFull()) return 0;
    const writer = this.#writer;
    this.#skips.beforeSend();
    writer.begin(buffer, packet.type, 0);
    const number = this.#sent.nextNumber;
    const sizeBytes = encodePathChallenge(buffer, writer.bodyAt, number, packet.token);
    this.#sent.add(nowUs, sizeBytes, PacketKind.pathChallenge, 0, 0, false);
    this.#flight.onSent(number, nowUs);
    writer.complete(buffer, sizeBytes, number);
    return sizeBytes;
  }

  /** Fills `buffer` with one DATA packet inside the window; 0 when there is nothing to send. */
  pollData(buffer: Uint8Array, nowUs: number): number {
    if (!this.hasData || this.#ringIsFull()) return 0;
    if (this.#flight.isSuspended) {
      this.#mayAsk = false;
      this.#askedAtUs = nowUs;
      return this.#buildProbe(buffer, nowUs);
    }
    const worthBytes = Math.min(buffer.length, this.stream.unsentBytes / MTU_PROBE_WORTH);
    const mtuProbeBytes = this.#path.takeMtuProbe(worthBytes, nowUs);
    if (mtuProbeBytes > 0) return this.#buildMtuProbe(buffer, mtuProbeBytes, nowUs);
    const room = this.#payloadRoom(buffer);
    if (!this.stream.takeSlice(room, this.#slice) && !this.#takeTail(room)) return 0;
    const length = this.#buildData(buffer, false, nowUs);
    assert(
      this.packetsInFlight <= this.#windowPackets,
      'a connection keeps to its window of packets',
    );
    return length;
  }

  #takeTail(room: number): boolean {
    const { windowBytes, datagramBytes } = this.#path;
    const windowPackets = Math.min(windowBytes / datagramBytes, this.#windowPackets);
    if (windowPackets < MIN_TAIL_WINDOW_PACKETS) this.#tail.disarm();
    return this.#tail.takeSlice(this.stream, this.#sent, room, this.#slice);
  }

  #payloadRoom(buffer: Uint8Array): number {
    const limit = Math.min(buffer.length, this.#path.datagramBytes);
    return limit - this.#writer.bodyAt - DATA_HEADER_BYTES;
  }

  #probeRoom(buffer: Uint8Array): number {
    const room = this.#payloadRoom(buffer);
    if (!this.#timer.wantsSmallProbes) return room;
    return Math.min(room, this.#path.mtu.baseBytes - this.#writer.bodyAt - DATA_HEADER_BYTES);
  }

  #ringIsFull(): boolean {
    if (!this.#sent.isFull) return false;
    return !this.#sent.forceForgetOldestLost();
  }

  #buildData(buffer: Uint8Array, isProbe: boolean, nowUs: number): number {
    const { offset, length, isFin } = this.#slice;
    const writer = this.#writer;
    const headerBytes = writer.bodyAt + DATA_HEADER_BYTES;
    const sizeBytes = headerBytes + length;
    this.#skips.beforeSend();
    const number = this.#sent.add(nowUs, sizeBytes, PacketKind.data, offset, length, isFin);
    this.#onSent(number, nowUs);
    const endsHere = !this.stream.hasSlice || this.#path.endsTurn(sizeBytes);
    const isAckNow = isProbe || endsHere || this.#fillsWindow();
    const flags = (isFin ? PacketFlag.fin : 0) | (isAckNow ? PacketFlag.ackNow : 0);
    writer.begin(buffer, PacketType.data, flags);
    encodeDataHeader(buffer, writer.bodyAt, number, offset);
    if (length > 0) this.stream.copyInto(buffer, headerBytes, offset, length);
    writer.complete(buffer, sizeBytes, number);
    return sizeBytes;
  }

  #buildPing(buffer: Uint8Array, nowUs: number): number {
    if (this.#ringIsFull()) return 0;
    const writer = this.#writer;
    writer.begin(buffer, PacketType.ping, PacketFlag.ackNow);
    this.#skips.beforeSend();
    const number = this.#sent.nextNumber;
    const sizeBytes = encodePing(buffer, writer.bodyAt, number);
    this.#sent.add(nowUs, sizeBytes, PacketKind.ping, 0, 0, false);
    this.#onSent(number, nowUs);
    writer.complete(buffer, sizeBytes, number);
    return sizeBytes;
  }

  #buildMtuProbe(buffer: Uint8Array, sizeBytes: number, nowUs: number): number {
    const writer = this.#writer;
    this.#skips.beforeSend();
    const number = this.#sent.add(nowUs, sizeBytes, PacketKind.mtuProbe, 0, 0, false);
    this.#flight.onSent(number, nowUs);
    writer.begin(buffer, PacketType.mtuProbe, PacketFlag.ackNow);
    encodeMtuProbe(buffer, writer.bodyAt, number, sizeBytes);
    writer.complete(buffer, sizeBytes, number);
    return sizeBytes;
  }

  /** Whether the packet just counted leaves no room for another. */
  #fillsWindow(): boolean {
    if (this.packetsInFlight >= this.#windowPackets) return true;
    return this.#path.bytesInFlight + this.#path.datagramBytes > this.#path.windowBytes;
  }

  /** A packet left that arms the probe timeout. */
  #onSent(packetNumber: number, nowUs: number): void {
    this.#flight.onSent(packetNumber, nowUs);
    this.#mark.onInFlight(this.#flight.packetCount, this.#path.turnPackets);
    this.#timer.onSent(nowUs);
  }

  /**
   * Takes an ACK in. False when it acknowledges what was never sent: the peer broke the protocol.
   */
  handleAck(ack: DecodedAck, nowUs: number): boolean {
    return this.#recovery.handleAck(ack, nowUs);
  }

  /** Tells the trace what the connection goes by at its start. */
  tellStanding(nowUs: number): void {
    this.#recovery.tellStanding(nowUs);
  }

  /** Whether a MARK should leave. */
  isMarkDue(nowUs: number): boolean {
    const { rtt, memberCount } = this.#path;
    return this.#mark.isDue(this.#sent.oldest, rtt.smoothedUs, memberCount, nowUs);
  }

  /** Fills `buffer` with MARK; 0 when none is due. */
  pollMark(buffer: Uint8Array, nowUs: number): number {
    if (!this.isMarkDue(nowUs)) return 0;
    const rttUs = this.#path.rtt.smoothedUs;
    return this.#mark.build(buffer, this.#writer, this.#sent.oldest, rttUs, nowUs);
  }

  /** For decoding: what the next ACK will probably speak of. */
  get expectedLargest(): number {
    return this.#sent.nextNumber - 1;
  }

  get expectedAckSeq(): number {
    return this.#recovery.newestAckSeq + 1;
  }
}
