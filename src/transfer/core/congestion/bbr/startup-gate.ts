import { STARTUP_LOSS_EVENTS } from './constants.ts';

/** Startup leaves on loss when the queue shows it too: RTT above 1.1 × min + 2 ms … */
const RTT_GAIN = 1.1;
const RTT_SLACK_US = 2_000;
/** … or when the loss is this far above the threshold, beyond what chance does to a small round. */
const LOSS_EXCESS = 0.15;
const NOISE_DEVIATIONS = 2.5;

/** A round of Startup that lost more than the threshold. */
export interface LossyRound {
  readonly lossRate: number;
  readonly threshold: number;
  /** Runs of packets lost together. */
  readonly eventCount: number;
  readonly packets: number;
  readonly rttUs: number;
  readonly minRttUs: number;
}

/**
 * Whether loss ends Startup (ours; the draft leaves at 2 % and six events). At 10 % random loss one
 * round of 60 packets exceeds 17 % every twentieth time; left then, the flow stood at a tenth of the
 * path for seconds.
 */
export function endsStartup(round: LossyRound): boolean {
  const { lossRate, threshold, eventCount, packets, rttUs, minRttUs } = round;
  if (eventCount < STARTUP_LOSS_EVENTS) return false;
  if (rttUs > RTT_GAIN * minRttUs + RTT_SLACK_US) return true;
  const noise = NOISE_DEVIATIONS * Math.sqrt((lossRate * (1 - lossRate)) / Math.max(1, packets));
  return lossRate - threshold >= LOSS_EXCESS + noise;
}
