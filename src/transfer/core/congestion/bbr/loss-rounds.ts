/** Packets within this time of each other were lost together: one event. */
const SAME_EVENT_US = 1_000;

/** Loss of one round: what was delivered and lost, and in how many runs. */
export class LossRounds {
  ackedBytes = 0;
  lostBytes = 0;
  eventCount = 0;
  #lastLostSentAtUs = -Infinity;
  #roundEndBytes = 0;

  /** Bytes lost of those whose fate became known in this round. */
  get lossRate(): number {
    const bytes = this.ackedBytes + this.lostBytes;
    return bytes === 0 ? 0 : this.lostBytes / bytes;
  }

  get bytes(): number {
    return this.ackedBytes + this.lostBytes;
  }

  onLost(sizeBytes: number, sentAtUs: number): void {
    this.lostBytes += sizeBytes;
    if (sentAtUs - this.#lastLostSentAtUs > SAME_EVENT_US) this.eventCount++;
    this.#lastLostSentAtUs = sentAtUs;
  }

  onAcked(bytes: number): void {
    this.ackedBytes += bytes;
  }

  /** Whether a packet that was sent at `priorDelivered` ends the round. */
  isOver(priorDeliveredBytes: number): boolean {
    return priorDeliveredBytes >= this.#roundEndBytes;
  }

  restart(deliveredBytes: number): void {
    this.ackedBytes = 0;
    this.lostBytes = 0;
    this.eventCount = 0;
    this.#roundEndBytes = deliveredBytes;
  }
}
