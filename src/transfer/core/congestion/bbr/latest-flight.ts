import type { RateSample } from '../../recovery/delivery-rate.ts';

/** Of the present loss round: the highest rate and the most delivered ("bw_latest, inflight_latest"). */
export class LatestFlight {
  bytesPerSec = 0;
  inflightBytes = 0;

  onSample({ deliveryRateBytesPerSec, deliveredBytes }: RateSample): void {
    this.bytesPerSec = Math.max(this.bytesPerSec, deliveryRateBytesPerSec);
    this.inflightBytes = Math.max(this.inflightBytes, deliveredBytes);
  }

  /** The round is over; `sample` is the first of the next. */
  restart(sample?: RateSample): void {
    this.bytesPerSec = 0;
    this.inflightBytes = 0;
    if (sample !== undefined) this.onSample(sample);
  }
}
