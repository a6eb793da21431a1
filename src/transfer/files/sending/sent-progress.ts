import type { OfferWriter } from './offer-writer.ts';
import type { PeerLink } from '../peer-link.ts';
import type { ProgressMeter } from '../progress-meter.ts';

/** Tells a meter how much content has arrived, by what was written and what is acknowledged. */
export class SentProgress {
  readonly #meter: ProgressMeter;
  /** Content of earlier offers. */
  #contentBytes = 0;
  #acknowledgedBytes = 0;

  constructor(meter: ProgressMeter) {
    this.#meter = meter;
  }

  /**
   * What is not acknowledged counts as content, so this never says too much. What was sent ahead of the
   * answer to its offer has no place there before it is accepted: a refusal throws it away.
   */
  measure({ writer, connection }: PeerLink, offer: OfferWriter | undefined): void {
    const { acknowledgedBytes } = connection;
    if (acknowledgedBytes > this.#acknowledgedBytes) this.#meter.touch();
    this.#acknowledgedBytes = acknowledgedBytes;
    const unacknowledged = writer.writtenBytes - acknowledgedBytes;
    const contentBytes = this.#contentBytes + (offer?.isAccepted === true ? offer.contentBytes : 0);
    const arrivedBytes = contentBytes - unacknowledged;
    const { isTotalKnown, totalBytes } = this.#meter;
    this.#meter.update(isTotalKnown ? Math.min(totalBytes, arrivedBytes) : arrivedBytes);
  }

  /** All of an offer is over. */
  finishOffer({ contentBytes }: OfferWriter): void {
    this.#contentBytes += contentBytes;
  }

  /** The last one is. */
  finish(hasDelivered: boolean): void {
    if (!this.#meter.isTotalKnown) this.#meter.endAt(this.#contentBytes);
    if (hasDelivered) this.#meter.update(this.#meter.totalBytes);
  }
}
