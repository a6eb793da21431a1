import type { DeliveryCounters, SentPackets } from './sent-packets.ts';

/** What the ACKs since the last sample say about the path. One record, filled again and again. */
export interface RateSample {
  readonly deliveryRateBytesPerSec: number;
  /** Delivered between the sending of the newest acknowledged packet and now. */
  readonly deliveredBytes: number;
  /** The path's count of delivered bytes when that packet was sent. */
  readonly priorDeliveredBytes: number;
  /** The longer of the time in which it was sent and the time in which it was acknowledged. */
  readonly intervalUs: number;
  /** Since the last sample. */
  readonly newlyAckedBytes: number;
  /** Since the last sample. */
  readonly newlyLostBytes: number;
  /** Declared lost between the sending of the newest acknowledged packet and now. */
  readonly lostBytes: number;
  /** Whether that packet was sent while there was too little to send: then the rate is a floor. */
  readonly isAppLimited: boolean;
  /** In flight right after that packet was sent, itself included. */
  readonly txInFlightBytes: number;
  /** From its sending to now. */
  readonly rttUs: number;
}

const US_PER_SEC = 1_000_000;

/**
 * Delivery rate of a path (draft-ietf-ccwg-bbr §4.1): how many bytes were delivered between the
 * sending of a packet and its ACK, over the longer of the two intervals in which they were sent and
 * acknowledged, so that neither bunched ACKs nor bursts inflate it.
 *
 * The counters are the path's; every packet keeps a copy of them in the ring of its connection, so
 * several rings may feed one path.
 */
export class DeliveryRate implements DeliveryCounters {
  /** All bytes of packets acknowledged on this path. */
  deliveredBytes = 0;
  /** When `deliveredBytes` last grew, or sending began after silence. */
  deliveredAtUs = 0;
  /** When the packet acknowledged last was sent: the start of the interval of sending. */
  firstSentAtUs = 0;
  /** Samples are app-limited until `deliveredBytes` exceeds this; 0 when they are not. */
  appLimitedUntilBytes = 0;
  /** All bytes of packets declared lost on this path; whoever declares the loss adds to it. */
  lostBytes = 0;

  readonly #sample = {
    deliveryRateBytesPerSec: 0,
    deliveredBytes: 0,
    priorDeliveredBytes: 0,
    intervalUs: 0,
    newlyAckedBytes: 0,
    newlyLostBytes: 0,
    lostBytes: 0,
    isAppLimited: false,
    txInFlightBytes: 0,
    rttUs: 0,
  };
  #newlyAckedBytes = 0;
  /** `lostBytes` at the last sample. */
  #sampledLostBytes = 0;

  // Of the newest packet acknowledged since the last `takeSample`.
  #newestRing: SentPackets | undefined;
  #newestNumber = 0;
  #newestSentAtUs = 0;
  #priorDeliveredBytes = 0;
  #priorLostBytes = 0;
  #sendElapsedUs = 0;
  #ackElapsedUs = 0;
  #isNewestAppLimited = false;
  #newestTxInFlightBytes = 0;

  get isAppLimited(): boolean {
    return this.appLimitedUntilBytes !== 0;
  }

  /** Right after `sent.add`. `bytesInFlightBefore`: of the whole path, without this packet. */
  onSent(
    sent: SentPackets,
    packetNumber: number,
    bytesInFlightBefore: number,
    nowUs: number,
  ): void {
    if (bytesInFlightBefore === 0) {
      // Both intervals begin now: silence is not slowness.
      this.firstSentAtUs = nowUs;
      this.deliveredAtUs = nowUs;
    }
    sent.recordDelivery(packetNumber, this, bytesInFlightBefore + sent.sizeBytes(packetNumber));
  }

  /** Once for every packet newly acknowledged, in any order, while its ring retains it. */
  onAcked(sent: SentPackets, packetNumber: number, nowUs: number): void {
    const sizeBytes = sent.sizeBytes(packetNumber);
    this.deliveredBytes += sizeBytes;
    this.deliveredAtUs = nowUs;
    this.#newlyAckedBytes += sizeBytes;
    const sentAtUs = sent.sentAtUs(packetNumber);
    if (!this.#isNewest(sent, packetNumber, sentAtUs)) return;
    this.#newestRing = sent;
    this.#newestNumber = packetNumber;
    this.#newestSentAtUs = sentAtUs;
    this.#priorDeliveredBytes = sent.deliveredBytes(packetNumber);
    this.#priorLostBytes = sent.lostBytesAtSend(packetNumber);
    this.#sendElapsedUs = sentAtUs - sent.firstSentAtUs(packetNumber);
    this.#ackElapsedUs = nowUs - sent.deliveredAtUs(packetNumber);
    this.#isNewestAppLimited = sent.isAppLimited(packetNumber);
    this.#newestTxInFlightBytes = sent.txInFlightBytes(packetNumber);
    this.firstSentAtUs = sentAtUs;
  }

  /** There was too little to send: what is in flight now, and what follows, measures no path. */
  markAppLimited(bytesInFlight: number): void {
    this.appLimitedUntilBytes = Math.max(this.deliveredBytes + bytesInFlight, 1);
  }

  /**
   * The sample of all ACKs since the last call, valid until the next. Undefined when nothing was
   * acknowledged, or when the interval is below `minRttUs`: no path delivers faster than a round
   * trip, so a packet was acknowledged that had been declared lost, or ACKs came bunched.
   */
  takeSample(minRttUs: number, nowUs: number): RateSample | undefined {
    if (this.#newestRing === undefined) return undefined;
    this.#newestRing = undefined;
    if (this.isAppLimited && this.deliveredBytes > this.appLimitedUntilBytes) {
      this.appLimitedUntilBytes = 0;
    }
    const intervalUs = Math.max(this.#sendElapsedUs, this.#ackElapsedUs);
    if (intervalUs < minRttUs || intervalUs <= 0) return undefined;
    const sample = this.#sample;
    sample.deliveredBytes = this.deliveredBytes - this.#priorDeliveredBytes;
    sample.deliveryRateBytesPerSec = (sample.deliveredBytes * US_PER_SEC) / intervalUs;
    sample.priorDeliveredBytes = this.#priorDeliveredBytes;
    sample.intervalUs = intervalUs;
    sample.newlyAckedBytes = this.#newlyAckedBytes;
    sample.newlyLostBytes = this.lostBytes - this.#sampledLostBytes;
    sample.lostBytes = this.lostBytes - this.#priorLostBytes;
    sample.isAppLimited = this.#isNewestAppLimited;
    sample.txInFlightBytes = this.#newestTxInFlightBytes;
    sample.rttUs = nowUs - this.#newestSentAtUs;
    this.#newlyAckedBytes = 0;
    this.#sampledLostBytes = this.lostBytes;
    return sample;
  }

  /** Whether it was sent after the newest of this sample: later, or at once but behind it. */
  #isNewest(sent: SentPackets, packetNumber: number, sentAtUs: number): boolean {
    if (this.#newestRing === undefined || sentAtUs > this.#newestSentAtUs) return true;
    return sent === this.#newestRing && packetNumber > this.#newestNumber;
  }
}
