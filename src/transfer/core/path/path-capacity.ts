import type { RateSample } from '../recovery/delivery-rate.ts';

/** Gain of the in-flight bound once bandwidth is known and the controller is not probing. */
const CRUISE_GAIN = 1.25;
/** Rounds over which the highest delivery rate is remembered. */
const BANDWIDTH_ROUNDS = 10;
/** How long an RTT counts at least, and at most twice as long: as often BBR empties the queue to measure. */
const MIN_RTT_SPAN_US = 5_000_000;
/** Packets that a receiver leaves unacknowledged at most: MARK asks for no rarer ACKs. */
const MAX_UNACKED_PACKETS = 32;
/** Longest that MARK lets a receiver wait with an ACK, and the shortest. */
export const MAX_ACK_DELAY_US = 10_000;
const MIN_ACK_DELAY_US = 1_000;

/** What the bound on bytes in flight follows from, beside the bandwidth. */
export interface CapacityInputs {
  readonly smoothedRttUs: number;
  readonly datagramBytes: number;
  /** What the controller asks for while it probes. */
  readonly inflightGain: number;
  /** The lowest RTT that the controller goes by, if it keeps one. */
  readonly minRttUs: number | undefined;
  /** What may stand in the peer's kernel buffer. */
  readonly standingBytes: number;
}

/**
 * How much the network and the peer's kernel buffer can hold (DESIGN §4), from the highest delivery
 * rate of the last rounds.
 */
export class PathCapacity {
  /** Highest delivery rate of the present and the last span of rounds, bytes per second. */
  #bandwidth = 0;
  #lastSpanBandwidth = 0;
  #spanStartRound = 0;
  #roundCount = 0;
  #nextRoundBytes = 0;
  /** Lowest RTT of the present and the last span of time. */
  #minRttUs = Infinity;
  #lastSpanMinRttUs = Infinity;
  #spanStartUs = -Infinity;

  /** The lowest RTT ever would hold a path whose way has become longer to a part of its rate. */
  onRtt(latestRttUs: number, nowUs: number): void {
    if (nowUs - this.#spanStartUs < MIN_RTT_SPAN_US) {
      this.#minRttUs = Math.min(this.#minRttUs, latestRttUs);
      return;
    }
    this.#spanStartUs = nowUs;
    this.#lastSpanMinRttUs = this.#minRttUs;
    this.#minRttUs = latestRttUs;
  }

  onRate(rate: RateSample): void {
    const bytesPerSec = rate.deliveryRateBytesPerSec;
    if (this.#roundCount - this.#spanStartRound >= BANDWIDTH_ROUNDS) {
      this.#spanStartRound = this.#roundCount;
      this.#lastSpanBandwidth = this.#bandwidth;
      this.#bandwidth = rate.isAppLimited ? this.#bandwidth : bytesPerSec;
    }
    if (bytesPerSec > this.#bandwidth) this.#bandwidth = bytesPerSec;
  }

  /** Something was acknowledged; what is in flight now ends the next round. */
  onDelivered(deliveredBytes: number, bytesInFlight: number): void {
    if (deliveredBytes < this.#nextRoundBytes) return;
    this.#roundCount++;
    this.#nextRoundBytes = deliveredBytes + bytesInFlight;
  }

  /**
   * Gain × bandwidth × lowest RTT, what waits for an ACK, and the standing share; Infinity before the
   * first rate and RTT. What waits for an ACK is counted in packets where that is less than the ACK delay's
   * worth: a busy peer's inflated RTT would otherwise widen the bound, and the buffer overflow (3.6 MB
   * in flight into 8 MB of buffer lost 290 packets on loopback).
   */
  holdableBytes(inputs: CapacityInputs): number {
    const bandwidth = Math.max(this.#bandwidth, this.#lastSpanBandwidth);
    const minRttUs = inputs.minRttUs ?? Math.min(this.#minRttUs, this.#lastSpanMinRttUs);
    if (bandwidth === 0 || minRttUs === Infinity) return Infinity;
    const { smoothedRttUs, datagramBytes, inflightGain, standingBytes } = inputs;
    const maxAckDelayUs = Math.min(MAX_ACK_DELAY_US, Math.max(MIN_ACK_DELAY_US, smoothedRttUs / 4));
    const delayed = Math.min(
      (bandwidth * maxAckDelayUs) / 1e6,
      MAX_UNACKED_PACKETS * datagramBytes,
    );
    const gain = Math.max(CRUISE_GAIN, inflightGain);
    return gain * ((bandwidth * minRttUs) / 1e6 + delayed) + standingBytes;
  }
}
