import type { Path } from '../path/path.ts';
import { LossDetection } from '../recovery/loss-detection.ts';
import { RangeSet } from '../recovery/range-set.ts';
import { PacketKind, PacketState, SentPackets } from '../recovery/sent-packets.ts';
import {
  type DecodedAck,
  encodeDataHeader,
  encodeMtuProbe,
  encodePathChallenge,
  encodePing,
} from '../wire/codec.ts';
import { DATA_HEADER_BYTES, PacketFlag, PacketType } from '../wire/packet.ts';
import type { PathPacket } from './address-validation.ts';
import { Flight } from './flight.ts';
import { MarkSchedule } from './mark-schedule.ts';
import type { PacketWriter } from './packet-writer.ts';
import { type SendStream, type StreamSlice } from './send-stream.ts';
import { Tail } from './tail.ts';

/** Slots of the sent ring: 8 windows of 1 Gbit/s × 200 ms in base datagrams (DESIGN §4). */
export const MAX_SENT_PACKETS = 262_144;
/** Probes of one probe timeout and connection (RFC 9002 §6.2.4). */
const PROBES_PER_TIMEOUT = 2;
/** Probe timeouts in a row after which a connection holds nothing of its path's window. */
const SILENT_TIMEOUTS = 2;
/** Probe timeouts in a row from which probes are no larger than the path's base (DESIGN §4). */
const SMALL_PROBE_TIMEOUTS = 2;
/** Backoff of the probe timeout ends here, so that a path that returns is found soon (DESIGN §4). */
const MAX_BACKED_OFF_PTO_US = 1_000_000;
const MAX_PTO_BACKOFF = 64;
/** An MTU probe leaves only before at least this many of its size: few packets need no larger ones. */
const MTU_PROBE_WORTH = 2;
/** One number in about this many is skipped, to notice ACKs of what was never sent (DESIGN §3). */
const SKIP_ONE_IN = 500;
/** An ACK that is older than the newest by more is not looked at (DESIGN §3). */
const MAX_ACK_AGE = 1024;
/** A window below this repeats no tail. */
const MIN_TAIL_WINDOW_PACKETS = 4;
/** Longest wait between two questions for credit. */
const MAX_CREDIT_PROBE_US = 1_000_000;
const MAX_CREDIT_BACKOFF = 1024;
/** Probe timeouts that a lost packet is remembered, so that its late ACK is seen as spurious loss. */
const LOST_KEPT_PTO_COUNT = 3;

/**
 * The sending side of a connection: numbers packets, keeps them until they are resolved, takes ACKs
 * in, declares losses, probes.
 *
 * It decides what to send; its path decides when.
 */
export class Sender {
  readonly stream: SendStream;
  #path: Path;
  readonly #writer: PacketWriter;
  readonly #random: () => number;
  readonly #sent: SentPackets;
  readonly #loss = new LossDetection();
  /** Numbers whose ACK was taken in; so an ACK costs what is new in it. */
  readonly #ackedNumbers = new RangeSet();
  readonly #slice: StreamSlice = { offset: 0, length: 0, isFin: false };
  readonly #tail = new Tail();
  #skipAt: number;
  readonly #flight: Flight;
  #packetsLostCount = 0;
  #packetsSpuriouslyLostCount = 0;
  #newestAckSeq = -1;
  #lastSentAtUs = 0;
  #probeTimeoutCount = 0;
  #probesDue = 0;
  #pingsDue = 0;
  #creditProbeCount = 0;
  readonly #mark: MarkSchedule;
  #lastProgressAtUs = 0;

  constructor(
    path: Path,
    writer: PacketWriter,
    stream: SendStream,
    firstPacketNumber: number,
    random: () => number,
  ) {
    this.#path = path;
    this.#writer = writer;
    this.stream = stream;
    this.#random = random;
    this.#sent = new SentPackets(firstPacketNumber, MAX_SENT_PACKETS);
    this.#flight = new Flight(this.#sent, path);
    this.#mark = new MarkSchedule(firstPacketNumber);
    this.#skipAt = this.#drawSkip(firstPacketNumber);
  }

  get bytesInFlight(): number {
    return this.#flight.bytes;
  }

  /** How much of that fills the path's window. */
  get bytesHeldOnPath(): number {
    return this.#flight.bytesHeldOnPath;
  }

  /** Those whose acknowledgement is waited for: MTU probes and path validation are not. */
  get packetsInFlight(): number {
    return this.#flight.awaitedCount;
  }

  get packetsLostCount(): number {
    return this.#packetsLostCount;
  }

  get packetsSpuriouslyLostCount(): number {
    return this.#packetsSpuriouslyLostCount;
  }

  /** When the last numbered packet left. */
  get lastSentAtUs(): number {
    return this.#lastSentAtUs;
  }

  /** When something was acknowledged for the first time, last. */
  get lastProgressAtUs(): number {
    return this.#lastProgressAtUs;
  }

  /** Two probe timeouts in a row went by without an ACK. */
  get isSilenced(): boolean {
    return this.#flight.isSuspended;
  }

  /** Packets that bypass the window are due. */
  get hasProbe(): boolean {
    return this.#probesDue > 0 || this.#pingsDue > 0;
  }

  /** Something the window bounds could be sent. */
  get hasData(): boolean {
    if (this.#flight.isSuspended) return false;
    if (this.packetsInFlight >= this.#windowPackets) return false;
    return this.stream.hasSlice || this.#tail.isDue(this.stream);
  }

  get #windowPackets(): number {
    return this.#path.controller.connectionWindowPackets;
  }

  /** Probe timeout without backoff. */
  get probeTimeoutUs(): number {
    return this.#path.rtt.probeTimeoutUs(this.#mark.maxAckDelayUs);
  }

  get #backedOffPtoUs(): number {
    const base = this.probeTimeoutUs;
    const backoff = Math.min(2 ** this.#probeTimeoutCount, MAX_PTO_BACKOFF);
    return Math.max(base, Math.min(base * backoff, MAX_BACKED_OFF_PTO_US));
  }

  /** When `handleTimeout` has something to do. */
  get nextTimeoutUs(): number {
    if (this.packetsInFlight === 0) return this.#creditProbeAtUs;
    return Math.min(this.#loss.lossTimeUs, this.#lastSentAtUs + this.#backedOffPtoUs);
  }

  /** Stopped by credit with nothing on its way: when to ask whether the ACK that raised it is lost. */
  get #creditProbeAtUs(): number {
    if (!this.stream.isBlockedByCredit) return Infinity;
    const baseUs = this.probeTimeoutUs;
    const backoff = Math.min(2 ** this.#creditProbeCount, MAX_CREDIT_BACKOFF);
    return this.#lastSentAtUs + Math.max(baseUs, Math.min(baseUs * backoff, MAX_CREDIT_PROBE_US));
  }

  handleTimeout(nowUs: number): void {
    if (this.packetsInFlight === 0) {
      if (nowUs >= this.#creditProbeAtUs) {
        this.#creditProbeCount++;
        this.ping();
      }
      return;
    }
    if (nowUs >= this.#loss.lossTimeUs) {
      this.#flight.resume();
      this.#path.beginAck();
      this.#detectLosses(nowUs);
      this.#path.endAck(undefined, nowUs);
    }
    if (this.packetsInFlight > 0 && nowUs >= this.#lastSentAtUs + this.#backedOffPtoUs) {
      this.#probeTimeoutCount++;
      this.#probesDue = PROBES_PER_TIMEOUT;
      if (this.#probeTimeoutCount >= SILENT_TIMEOUTS) this.#flight.suspend();
      // The next timeout counts from here even if the path grants this connection no probe.
      this.#lastSentAtUs = nowUs;
    }
  }

  /**
   * The connection has left its path with all it held there, and goes on by this one. What is in
   * flight was sent the old way: its ACKs and losses say nothing about the new one.
   */
  moveTo(path: Path): void {
    this.#path = path;
    this.#flight.moveTo(path);
    this.#loss.reset();
    this.#probeTimeoutCount = 0;
  }

  /** A turn ends with what was written so far: its tail is sent twice. */
  endTurn(): void {
    this.#tail.arm(this.stream.written);
  }

  /** Asks for a PING: a packet that is acknowledged and carries nothing. */
  ping(): void {
    this.#pingsDue = 1;
  }

  /** Fills `buffer` with one packet that bypasses the window: a probe or PING; 0 when none is due. */
  pollProbe(buffer: Uint8Array, nowUs: number): number {
    if (this.#pingsDue > 0) {
      this.#pingsDue = 0;
      return this.#buildPing(buffer, nowUs);
    }
    if (this.#probesDue === 0) return 0;
    this.#probesDue--;
    if (!this.#path.mayProbe(this, nowUs, this.probeTimeoutUs) || this.#ringIsFull()) {
      this.#probesDue = 0;
      return 0;
    }
    const room = this.#probeRoom(buffer);
    if (this.stream.takeSlice(room, this.#slice)) return this.#buildData(buffer, true, nowUs);
    if (this.stream.repeatOldest(room, this.#slice)) return this.#buildData(buffer, true, nowUs);
    return this.#buildPing(buffer, nowUs);
  }

  /**
   * Fills `buffer` with PATH_CHALLENGE or PATH_RESPONSE, which goes to an address of its own and is
   * not the path's; 0 when the ring is full.
   */
  buildPathPacket(buffer: Uint8Array, packet: PathPacket, nowUs: number): number {
    if (this.#ringIsFull()) return 0;
    const writer = this.#writer;
    this.#maybeSkip();
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
    const worthBytes = Math.min(buffer.length, this.stream.unsentBytes / MTU_PROBE_WORTH);
    const mtuProbeBytes = this.#path.takeMtuProbe(worthBytes, nowUs);
    if (mtuProbeBytes > 0) return this.#buildMtuProbe(buffer, mtuProbeBytes, nowUs);
    const room = this.#payloadRoom(buffer);
    if (!this.stream.takeSlice(room, this.#slice) && !this.#takeTail(room)) return 0;
    return this.#buildData(buffer, false, nowUs);
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

  /** From the second timeout in a row a probe fits any path: the MTU may have shrunk. */
  #probeRoom(buffer: Uint8Array): number {
    const room = this.#payloadRoom(buffer);
    if (this.#probeTimeoutCount < SMALL_PROBE_TIMEOUTS) return room;
    return Math.min(room, this.#path.baseDatagramBytes - this.#writer.bodyAt - DATA_HEADER_BYTES);
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
    this.#maybeSkip();
    const number = this.#sent.add(nowUs, sizeBytes, PacketKind.data, offset, length, isFin);
    this.#onSent(number, nowUs);
    const isAckNow = isProbe || !this.stream.hasSlice || this.#fillsWindow();
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
    this.#maybeSkip();
    const number = this.#sent.nextNumber;
    const sizeBytes = encodePing(buffer, writer.bodyAt, number);
    this.#sent.add(nowUs, sizeBytes, PacketKind.ping, 0, 0, false);
    this.#onSent(number, nowUs);
    writer.complete(buffer, sizeBytes, number);
    return sizeBytes;
  }

  #buildMtuProbe(buffer: Uint8Array, sizeBytes: number, nowUs: number): number {
    const writer = this.#writer;
    this.#maybeSkip();
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
    this.#mark.onInFlight(this.#flight.packetCount);
    this.#lastSentAtUs = nowUs;
  }

  #maybeSkip(): void {
    if (this.#sent.nextNumber < this.#skipAt) return;
    this.#sent.skip();
    this.#skipAt = this.#drawSkip(this.#sent.nextNumber);
  }

  #drawSkip(from: number): number {
    return from + 1 + Math.floor(this.#random() * 2 * SKIP_ONE_IN);
  }

  /**
   * Takes an ACK in. False when it acknowledges what was never sent: the peer broke the protocol.
   */
  handleAck(ack: DecodedAck, nowUs: number): boolean {
    const isNewest = ack.ackSeq > this.#newestAckSeq;
    if (!isNewest && this.#newestAckSeq - ack.ackSeq > MAX_ACK_AGE) return true;
    if (ack.largest >= this.#sent.nextNumber) return false;
    if (this.stream.raiseCredit(ack.creditOffset)) this.#creditProbeCount = 0;
    if (isNewest) this.#newestAckSeq = ack.ackSeq;
    const largestBefore = this.#sent.largestAcked;
    const isMeasured = ack.largest > largestBefore && this.#flight.measuresPath(ack.largest);
    const largestSentAtUs = isMeasured ? this.#sent.sentAtUs(ack.largest) : 0;

    this.#flight.resume();
    this.#path.beginAck();
    if (!this.#takeRanges(ack, nowUs)) return false;
    let latestRttUs: number | undefined;
    if (isNewest && isMeasured) {
      latestRttUs = nowUs - largestSentAtUs;
      this.#path.rtt.onSample(latestRttUs, ack.ackDelayUs, this.#mark.maxAckDelayUs, nowUs);
    }
    this.#detectLosses(nowUs);
    this.#path.endAck(latestRttUs, nowUs);
    this.#sent.forgetResolved(nowUs - LOST_KEPT_PTO_COUNT * this.probeTimeoutUs);
    this.#ackedNumbers.forgetBelow(this.#sent.oldest);
    return true;
  }

  #takeRanges(ack: DecodedAck, nowUs: number): boolean {
    const oldest = this.#sent.oldest;
    let neverSentCount = 0;
    const take = (start: number, end: number): void => {
      for (let number = start; number < end; number++) {
        if (!this.#takeNumber(number, nowUs)) neverSentCount++;
      }
    };
    for (let index = 0; index < ack.rangeCount && neverSentCount === 0; index++) {
      const start = Math.max(oldest, ack.rangeStarts[index]!);
      const end = ack.rangeEnds[index]!;
      if (start >= end) continue;
      this.#ackedNumbers.forEachGap(start, end, take);
      this.#ackedNumbers.insert(start, end);
    }
    return neverSentCount === 0;
  }

  /** One number that is acknowledged for the first time; false when it was never sent. */
  #takeNumber(number: number, nowUs: number): boolean {
    const sent = this.#sent;
    const state = sent.state(number);
    if (state === PacketState.skipped) return false;
    if (state !== PacketState.inFlight && state !== PacketState.lost) return true;
    if (this.#flight.onAcked(number, nowUs)) {
      this.#packetsSpuriouslyLostCount++;
      this.#mark.hasReordering = true;
      this.#loss.onSpuriousLoss(sent, number, this.#path.rtt, nowUs);
    }
    this.#mark.onInFlight(this.#flight.packetCount);
    if (sent.kind(number) === PacketKind.data) {
      this.stream.onAcked(sent.offset(number), sent.payloadBytes(number), sent.isFin(number));
    }
    sent.markAcked(number);
    this.#probeTimeoutCount = 0;
    this.#probesDue = 0;
    this.#lastProgressAtUs = nowUs;
    return true;
  }

  #detectLosses(nowUs: number): void {
    this.#loss.detect(this.#sent, this.#path.rtt, nowUs, (number) => {
      const sent = this.#sent;
      if (this.#flight.onLost(number, this.probeTimeoutUs, nowUs)) this.#packetsLostCount++;
      if (sent.kind(number) === PacketKind.data) {
        this.stream.onLost(sent.offset(number), sent.payloadBytes(number), sent.isFin(number));
      }
    });
  }

  /** Whether a MARK should leave. */
  isMarkDue(nowUs: number): boolean {
    return this.#mark.isDue(this.#sent.oldest, this.#path.rtt.smoothedUs, nowUs);
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
    return this.#newestAckSeq + 1;
  }
}
