import { STARTUP_LOSS_EVENTS } from './constants.ts';
import { LossRounds } from './loss-rounds.ts';

/** Loss ends Startup when the queue shows too: RTT above 1.1 × min + 2 ms … */
const RTT_GAIN = 1.1;
const RTT_SLACK_US = 2_000;
/** … or when of so many packets in a row … */
const FLOOD_PACKETS = 256;
/** … so much more was lost than the threshold. */
const FLOOD_EXCESS = 0.2;

/** A round of Startup that lost more than the threshold. */
export interface LossyRound {
  /** Runs of packets lost together. */
  readonly eventCount: number;
  readonly rttUs: number;
  readonly minRttUs: number;
}

/**
 * Whether a lossy round ends Startup (ours; the draft leaves at 2 % and six runs, whatever the RTT). At
 * 10 % random loss one round of 60 packets exceeds 17 % every twentieth time; left then, the flow stood
 * at a tenth of the path for seconds.
 */
export function isStartupOver({ eventCount, rttUs, minRttUs }: LossyRound): boolean {
  return eventCount >= STARTUP_LOSS_EVENTS && rttUs > RTT_GAIN * minRttUs + RTT_SLACK_US;
}

/**
 * Notices that Startup overflows a queue that is too short to show in the RTT, a few hundred packets
 * after it began: until the end of the round another flight would be lost.
 */
export class StartupFlood {
  isSeen = false;
  readonly #latest = new LossRounds();

  onLost(sizeBytes: number, sentAtUs: number): void {
    this.#latest.onLost(sizeBytes, sentAtUs);
  }

  /** `threshold` is the loss rate that the path may have by itself. */
  onAcked(newlyAckedBytes: number, datagramBytes: number, threshold: number): void {
    this.#latest.onAcked(newlyAckedBytes);
    if (this.#latest.bytes < FLOOD_PACKETS * datagramBytes) return;
    this.isSeen = this.#latest.lossRate >= threshold + FLOOD_EXCESS;
    this.#latest.restart(0);
  }
}
