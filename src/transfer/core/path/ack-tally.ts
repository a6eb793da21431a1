import type { AckEvent, LossEvent } from '../congestion/controller.ts';
import type { RateSample } from '../recovery/delivery-rate.ts';
import type { RttEstimator } from '../recovery/rtt-estimator.ts';
import type { SentPackets } from '../recovery/sent-packets.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * What one ACK, or one timer, reveals of a path's packets, summed up for the controller. One record of
 * each kind, filled again and again: controllers do not keep them.
 */
export class AckTally {
  #ackedBytes = 0;
  #lostBytes = 0;
  #newestSentAtUs = -Infinity;
  #isNewestAppLimited = false;
  #priorBytesInFlight = 0;
  readonly #ackEvent: Mutable<AckEvent> = {
    nowUs: 0,
    newlyAckedBytes: 0,
    newlyLostBytes: 0,
    bytesInFlight: 0,
    priorBytesInFlight: 0,
    isWindowLimited: false,
    newestSentAtUs: 0,
    smoothedRttUs: 0,
    minRttUs: 0,
    latestRttUs: undefined,
    rate: undefined,
    isAppLimited: false,
  };
  readonly #lossEvent: Mutable<LossEvent> = {
    nowUs: 0,
    sizeBytes: 0,
    sentAtUs: 0,
    bytesInFlight: 0,
    txInFlightBytes: 0,
    lostBytesAtSend: 0,
    lostBytes: 0,
    isAppLimited: false,
  };

  get hasAcked(): boolean {
    return this.#ackedBytes > 0;
  }

  get isEmpty(): boolean {
    return this.#ackedBytes === 0 && this.#lostBytes === 0;
  }

  begin(bytesInFlight: number): void {
    this.#ackedBytes = 0;
    this.#lostBytes = 0;
    this.#newestSentAtUs = -Infinity;
    this.#priorBytesInFlight = bytesInFlight;
  }

  onAcked(sent: SentPackets, packetNumber: number): void {
    this.#ackedBytes += sent.sizeBytes(packetNumber);
    const sentAtUs = sent.sentAtUs(packetNumber);
    if (sentAtUs <= this.#newestSentAtUs) return;
    this.#newestSentAtUs = sentAtUs;
    this.#isNewestAppLimited = sent.isAppLimited(packetNumber);
  }

  /** Counts a lost packet; `bytesInFlight` and `lostBytes` are the path's, without and with it. */
  onLost(
    sent: SentPackets,
    packetNumber: number,
    path: { readonly bytesInFlight: number; readonly lostBytes: number },
    nowUs: number,
  ): LossEvent {
    const event = this.#lossEvent;
    event.nowUs = nowUs;
    event.sizeBytes = sent.sizeBytes(packetNumber);
    event.sentAtUs = sent.sentAtUs(packetNumber);
    event.bytesInFlight = path.bytesInFlight;
    event.txInFlightBytes = sent.txInFlightBytes(packetNumber);
    event.lostBytesAtSend = sent.lostBytesAtSend(packetNumber);
    event.lostBytes = path.lostBytes;
    event.isAppLimited = sent.isAppLimited(packetNumber);
    this.#lostBytes += event.sizeBytes;
    return event;
  }

  /** All of it, at the end. */
  ackEvent(
    rtt: RttEstimator,
    latestRttUs: number | undefined,
    rate: RateSample | undefined,
    path: { readonly bytesInFlight: number; readonly isWindowLimited: boolean },
    nowUs: number,
  ): AckEvent {
    const event = this.#ackEvent;
    event.nowUs = nowUs;
    event.newlyAckedBytes = this.#ackedBytes;
    event.newlyLostBytes = this.#lostBytes;
    event.bytesInFlight = path.bytesInFlight;
    event.isWindowLimited = path.isWindowLimited;
    event.priorBytesInFlight = this.#priorBytesInFlight;
    event.newestSentAtUs = this.#newestSentAtUs;
    event.smoothedRttUs = rtt.smoothedUs;
    event.minRttUs = rtt.minUs;
    event.latestRttUs = latestRttUs;
    event.rate = rate;
    event.isAppLimited = this.#isNewestAppLimited;
    return event;
  }
}
