import { STARTUP_LOSS_EVENTS } from './constants.ts';
import { LossRounds } from './loss-rounds.ts';

/** Startup leaves on loss when the queue shows it too: RTT above 1.1 × min + 2 ms … */
const RTT_GAIN = 1.1;
const RTT_SLACK_US = 2_000;
/** … or when of so many packets in a row … */
const FLOOD_PACKETS = 256;
/** … so much more was lost than the threshold. */
const FLOOD_EXCESS = 0.2;

/** What a round of Startup has lost so far. */
export interface StartupRound {
  readonly lossRate: number;
  /** Loss rate that the path may have by itself. */
  readonly threshold: number;
  /** Runs of packets lost together. */
  readonly eventCount: number;
  readonly rttUs: number;
  readonly minRttUs: number;
}

/**
 * Whether loss ends Startup (ours; the draft leaves at 2 % and six runs). At 10 % random loss one
 * round of 60 packets exceeds 17 % every twentieth time; left then, the flow stood at a tenth of the
 * path for seconds. A queue too short to show in the RTT is seen by how much it loses, a few
 * hundred packets after it overflowed: waiting for the end of the round lost another flight.
 */
export class StartupGate {
  readonly #latest = new LossRounds();
  #isFlooding = false;

  onLost(sizeBytes: number, sentAtUs: number): void {
    this.#latest.onLost(sizeBytes, sentAtUs);
  }

  onAcked(newlyAckedBytes: number, datagramBytes: number, threshold: number): void {
    this.#latest.onAcked(newlyAckedBytes);
    if (this.#latest.bytes < FLOOD_PACKETS * datagramBytes) return;
    this.#isFlooding = this.#latest.lossRate >= threshold + FLOOD_EXCESS;
    this.#latest.restart(0);
  }

  isOver({ lossRate, threshold, eventCount, rttUs, minRttUs }: StartupRound): boolean {
    if (this.#isFlooding) return true;
    if (lossRate <= threshold || eventCount < STARTUP_LOSS_EVENTS) return false;
    return rttUs > RTT_GAIN * minRttUs + RTT_SLACK_US;
  }
}
