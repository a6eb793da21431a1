/** Before the first sample (RFC 9002 §6.2.2). */
const INITIAL_RTT_US = 333_000;
/** What a timer of the event loop can tell apart (RFC 9002 §6.1.2 has 1 ms; Node's period is longer). */
export const GRANULARITY_US = 2_000;
/** A probe sooner than this would race the delayed ACK of a busy receiver. */
const MIN_PROBE_TIMEOUT_US = 10_000;

/**
 * Round trip time and its variation (RFC 9002 §5), in microseconds.
 *
 * Fractions are kept inside, whole microseconds come out.
 */
export class RttEstimator {
  #smoothedUs = INITIAL_RTT_US;
  #varianceUs = INITIAL_RTT_US / 2;
  #minUs = Infinity;
  #latestUs = INITIAL_RTT_US;
  #firstAtUs = Infinity;
  #latestAtUs = -Infinity;

  get hasSample(): boolean {
    return this.#minUs !== Infinity;
  }

  /** RFC 9002's smoothed_rtt; 333 ms before the first sample. */
  get smoothedUs(): number {
    return Math.round(this.#smoothedUs);
  }

  /** RFC 9002's rttvar, a mean deviation. */
  get varianceUs(): number {
    return Math.round(this.#varianceUs);
  }

  /** The lowest sample, never adjusted for ACK delay; Infinity before the first one. */
  get minUs(): number {
    return this.#minUs;
  }

  /** The last sample, not adjusted for ACK delay. */
  get latestUs(): number {
    return this.#latestUs;
  }

  /** When the first sample was taken; Infinity before it. */
  get firstSampleAtUs(): number {
    return this.#firstAtUs;
  }

  /** When the last sample was taken; -Infinity before the first one. */
  get latestAtUs(): number {
    return this.#latestAtUs;
  }

  /**
   * `latestUs`: from the sending of the largest newly acknowledged packet to now; 0 counts as 1,
   * which a clock of whole microseconds cannot tell apart. `ackDelayUs` is what the peer claims to
   * have waited; of it, no more is believed than the peer was allowed to wait.
   */
  onSample(latestUs: number, ackDelayUs: number, maxAckDelayUs: number, nowUs: number): void {
    const sampleUs = Math.max(latestUs, 1);
    const isFirst = !this.hasSample;
    this.#latestUs = sampleUs;
    this.#latestAtUs = nowUs;
    this.#minUs = Math.min(this.#minUs, sampleUs);
    if (isFirst) {
      this.#firstAtUs = nowUs;
      this.#smoothedUs = sampleUs;
      this.#varianceUs = sampleUs / 2;
      return;
    }
    const delayUs = Math.min(ackDelayUs, maxAckDelayUs);
    const adjustedUs = sampleUs >= this.#minUs + delayUs ? sampleUs - delayUs : sampleUs;
    const deviationUs = Math.abs(this.#smoothedUs - adjustedUs);
    this.#varianceUs += (deviationUs - this.#varianceUs) / 4;
    this.#smoothedUs += (adjustedUs - this.#smoothedUs) / 8;
  }

  /** The base of the probe timeout (RFC 9002 §6.2.1), before any doubling. */
  probeTimeoutUs(maxAckDelayUs: number): number {
    const timeoutUs =
      this.#smoothedUs + Math.max(4 * this.#varianceUs, GRANULARITY_US) + maxAckDelayUs;
    return Math.max(Math.ceil(timeoutUs), MIN_PROBE_TIMEOUT_US);
  }

  /** Knows nothing again: the peer's address has changed. */
  reset(): void {
    this.#smoothedUs = INITIAL_RTT_US;
    this.#varianceUs = INITIAL_RTT_US / 2;
    this.#minUs = Infinity;
    this.#latestUs = INITIAL_RTT_US;
    this.#firstAtUs = Infinity;
    this.#latestAtUs = -Infinity;
  }
}
