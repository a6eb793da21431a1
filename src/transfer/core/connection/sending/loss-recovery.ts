import type { Path } from '../../path/path.ts';
import { LossDetection } from '../../recovery/loss-detection.ts';
import { RangeSet } from '../../recovery/range-set.ts';
import { PacketKind, PacketState, type SentPackets } from '../../recovery/sent-packets.ts';
import type { DecodedAck } from '../../wire/codec.ts';
import type { ConnectionTrace } from '../connection-trace.ts';
import type { Flight } from './flight.ts';
import type { MarkSchedule } from './mark-schedule.ts';
import type { ProbeTimer } from './probe-timer.ts';
import { StandingTap } from './standing-tap.ts';

/** An ACK that is older than the newest by more is not looked at (DESIGN §3). */
const MAX_ACK_AGE = 1024;
/** Probe timeouts that a lost packet is remembered, so that its late ACK is seen as spurious loss. */
const LOST_KEPT_PTO_COUNT = 3;

/** What of a stream is told of its packets; `SendStream` is one. */
export interface AcknowledgedStream {
  /** From its start without a gap. */
  readonly acknowledged: number;
  readonly creditOffset: number;
  /** True when it is more than before. */
  raiseCredit(creditOffset: number): boolean;
  onAcked(offset: number, length: number, isFin: boolean): void;
  onLost(offset: number, length: number, isFin: boolean): void;
}

/** The parts of a sender that hear what became of its packets. */
export interface LossRecoveryParts {
  readonly sent: SentPackets;
  readonly flight: Flight;
  readonly stream: AcknowledgedStream;
  readonly timer: ProbeTimer;
  readonly mark: MarkSchedule;
  readonly trace?: ConnectionTrace | undefined;
}

/**
 * What became of the packets of a connection (RFC 9002): takes ACKs in, each number once, gives the
 * path its RTT samples, and declares losses.
 *
 * Whatever comes is told to the flight first, which tells the path, and then to the stream.
 */
export class LossRecovery {
  #path: Path;
  readonly #sent: SentPackets;
  readonly #flight: Flight;
  readonly #stream: AcknowledgedStream;
  readonly #timer: ProbeTimer;
  readonly #mark: MarkSchedule;
  readonly #trace: ConnectionTrace | undefined;
  readonly #standing: StandingTap | undefined;
  readonly #loss = new LossDetection();
  /** Numbers whose ACK was taken in; so an ACK costs what is new in it. */
  readonly #ackedNumbers = new RangeSet();
  #newestAckSeq = -1;
  #packetsLostCount = 0;
  #packetsSpuriouslyLostCount = 0;

  constructor(path: Path, parts: LossRecoveryParts) {
    this.#path = path;
    this.#sent = parts.sent;
    this.#flight = parts.flight;
    this.#stream = parts.stream;
    this.#timer = parts.timer;
    this.#mark = parts.mark;
    this.#trace = parts.trace;
    this.#standing = parts.trace && new StandingTap(parts.trace, path);
  }

  get newestAckSeq(): number {
    return this.#newestAckSeq;
  }

  get packetsLostCount(): number {
    return this.#packetsLostCount;
  }

  get packetsSpuriouslyLostCount(): number {
    return this.#packetsSpuriouslyLostCount;
  }

  /** When a packet will be lost without any further ACK; Infinity when never. */
  get lossTimeUs(): number {
    return this.#loss.lossTimeUs;
  }

  /** Probe timeout without backoff. */
  get probeTimeoutUs(): number {
    return this.#path.rtt.probeTimeoutUs(this.#mark.maxAckDelayUs);
  }

  /** Tells the trace what the connection goes by at its start. */
  tellStanding(nowUs: number): void {
    this.#standing?.tell(this.#path, this.#stream, nowUs);
  }

  /** What is in flight was sent the old way: it says nothing about the new one. */
  moveTo(path: Path): void {
    this.#path = path;
    this.#loss.reset();
  }

  /** `lossTimeUs` has come. */
  handleLossTimeout(nowUs: number): void {
    this.#flight.resume();
    this.#path.beginAck();
    this.#detectLosses(nowUs);
    this.#path.endAck(undefined, nowUs);
    this.#standing?.tell(this.#path, this.#stream, nowUs);
  }

  /**
   * Takes an ACK in. False when it acknowledges what was never sent: the peer broke the protocol.
   */
  handleAck(ack: DecodedAck, nowUs: number): boolean {
    const isNewest = ack.ackSeq > this.#newestAckSeq;
    if (!isNewest && this.#newestAckSeq - ack.ackSeq > MAX_ACK_AGE) return true;
    if (ack.largest >= this.#sent.nextNumber) return false;
    if (this.#stream.raiseCredit(ack.creditOffset)) this.#timer.onCreditRaised();
    if (isNewest) {
      this.#mark.ackLoss.onNewest(this.#newestAckSeq < 0 ? 0 : ack.ackSeq - this.#newestAckSeq - 1);
      this.#newestAckSeq = ack.ackSeq;
    } else {
      this.#mark.ackLoss.onLate();
    }
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
    this.#standing?.tell(this.#path, this.#stream, nowUs);
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
      this.#trace?.onSpuriousLoss(number, nowUs);
      this.#mark.hasReordering = true;
      this.#loss.onSpuriousLoss(sent, number, this.#path.rtt, nowUs);
    }
    this.#mark.onInFlight(this.#flight.packetCount, this.#path.turnPackets);
    if (sent.kind(number) === PacketKind.data) {
      this.#stream.onAcked(sent.offset(number), sent.payloadBytes(number), sent.isFin(number));
    }
    sent.markAcked(number);
    this.#timer.onProgress();
    return true;
  }

  #detectLosses(nowUs: number): void {
    this.#loss.detect(this.#sent, this.#path.rtt, nowUs, (number) => {
      const sent = this.#sent;
      if (this.#flight.onLost(number, this.probeTimeoutUs, nowUs)) {
        this.#packetsLostCount++;
        this.#trace?.onLost(number, nowUs);
      }
      if (sent.kind(number) === PacketKind.data) {
        this.#stream.onLost(sent.offset(number), sent.payloadBytes(number), sent.isFin(number));
      }
    });
  }
}
