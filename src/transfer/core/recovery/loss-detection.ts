import { GRANULARITY_US, type RttEstimator } from './rtt-estimator.ts';
import { PacketState, type SentPackets } from './sent-packets.ts';

/** Later packets acknowledged before an earlier one is lost (RFC 9002 §6.1.1). */
const PACKET_THRESHOLD = 3;
/** How much later than a round trip a packet may be, as a part of it (RFC 9002 §6.1.2: 9/8). */
const TIME_THRESHOLD_PART = 1 / 8;
/** The reordering window grows in steps of this part of the lowest round trip (RFC 8985 §6.2). */
const STEP_OF_MIN_RTT = 1 / 4;
/** Recoveries without a spurious loss after which the window is one step again (RFC 8985 §6.2). */
const RECOVERIES_UNTIL_RESET = 16;

/**
 * Declares packets of one connection lost (RFC 9002 §6.1, with the reordering window of RACK,
 * RFC 8985).
 *
 * A packet in flight below the largest acknowledged number is lost once 3 packets, or a round trip
 * and the reordering window, lie behind it. The first ACK of a packet that was declared lost proves
 * reordering: from then on only time counts, and the window widens.
 *
 * Send times grow with packet numbers, so the first packet that is not lost yet ends the search;
 * nothing below `#cursor` is in flight any more. So every number is looked at once, and once more
 * for each call that stops there.
 */
export class LossDetection {
  /** When `detect` will find the next packet lost without any further ACK; Infinity when never. */
  lossTimeUs: number = Infinity;

  #cursor = -Infinity;
  /** 0 until reordering was seen; then the window is at least this many steps. */
  #windowSteps = 0;
  /** The window widens again once a packet sent after the last widening is acknowledged. */
  #widensFrom = -Infinity;
  /** Recovery, begun by a loss, ends with the ACK of a number from here on; Infinity outside it. */
  #recoveryEndsFrom = Infinity;
  #recoveriesLeft = 0;

  /** Marks packets lost and calls `onLost` for each, lowest first. */
  detect(
    sent: SentPackets,
    rtt: RttEstimator,
    nowUs: number,
    onLost: (packetNumber: number) => void,
  ): void {
    this.lossTimeUs = Infinity;
    if (sent.largestAcked >= this.#recoveryEndsFrom) this.#endRecovery();
    const delayUs = this.#delayUs(rtt);
    const byCount = this.#windowSteps === 0 ? sent.largestAcked - PACKET_THRESHOLD : -Infinity;
    let packetNumber = Math.max(this.#cursor, sent.oldest);
    for (; packetNumber < sent.largestAcked; packetNumber++) {
      if (sent.state(packetNumber) !== PacketState.inFlight) continue;
      const lostFromUs = sent.sentAtUs(packetNumber) + delayUs;
      if (packetNumber > byCount && lostFromUs > nowUs) {
        this.lossTimeUs = lostFromUs;
        break;
      }
      if (this.#recoveryEndsFrom === Infinity) this.#recoveryEndsFrom = sent.nextNumber;
      sent.markLost(packetNumber, nowUs);
      onLost(packetNumber);
    }
    this.#cursor = packetNumber;
  }

  /**
   * An ACK for a packet that was declared lost has come. The window widens to what would have
   * waited for it, and by a step at least once a round trip; it never exceeds a smoothed round
   * trip.
   */
  onSpuriousLoss(sent: SentPackets, packetNumber: number, rtt: RttEstimator, nowUs: number): void {
    const lateUs = nowUs - sent.sentAtUs(packetNumber) - roundTripUs(rtt);
    const stepUs = rtt.minUs * STEP_OF_MIN_RTT;
    let steps = Math.ceil(lateUs / stepUs);
    if (sent.largestAcked >= this.#widensFrom) {
      steps = Math.max(steps, this.#windowSteps + 1);
      this.#widensFrom = sent.nextNumber;
    }
    this.#windowSteps = Math.max(this.#windowSteps, steps, 1);
    this.#recoveriesLeft = RECOVERIES_UNTIL_RESET;
  }

  /** Knows nothing of reordering again: the peer's address has changed. */
  reset(): void {
    this.lossTimeUs = Infinity;
    this.#windowSteps = 0;
    this.#widensFrom = -Infinity;
    this.#recoveryEndsFrom = Infinity;
    this.#recoveriesLeft = 0;
  }

  #endRecovery(): void {
    this.#recoveryEndsFrom = Infinity;
    if (this.#recoveriesLeft === 0) return;
    this.#recoveriesLeft--;
    if (this.#recoveriesLeft === 0) this.#windowSteps = 1;
  }

  /** From the sending of a packet to its loss. */
  #delayUs(rtt: RttEstimator): number {
    const baseUs = roundTripUs(rtt);
    let windowUs = baseUs * TIME_THRESHOLD_PART;
    if (this.#windowSteps > 0) {
      const widenedUs = Math.min(this.#windowSteps * rtt.minUs * STEP_OF_MIN_RTT, rtt.smoothedUs);
      windowUs = Math.max(windowUs, widenedUs);
    }
    return Math.max(Math.ceil(baseUs + windowUs), GRANULARITY_US);
  }
}

function roundTripUs(rtt: RttEstimator): number {
  return Math.max(rtt.smoothedUs, rtt.latestUs);
}
