/**
 * Packet-timed round trips: a round ends when a packet is acknowledged that was sent after the one
 * before had ended ("round_count", "next_round_delivered").
 */
export class Rounds {
  /** Bytes acknowledged since the start, of all rounds. */
  deliveredBytes = 0;
  count = 0;
  /** Whether the present ACK began a round. */
  isStart = false;
  #endBytes = 0;

  onAcked(newlyAckedBytes: number): void {
    this.deliveredBytes += newlyAckedBytes;
    this.isStart = false;
  }

  /** `priorDeliveredBytes`: what had been delivered when the newest acknowledged packet was sent. */
  onSample(priorDeliveredBytes: number): void {
    if (priorDeliveredBytes < this.#endBytes) return;
    this.restart();
    this.count++;
    this.isStart = true;
  }

  /** The round begins anew with what is sent from now on. */
  restart(): void {
    this.#endBytes = this.deliveredBytes;
  }
}
