/**
 * Constants of BBRv3 (draft-ietf-ccwg-bbr) by the draft's section names. Where a value is ours, its
 * comment says so and what was measured.
 */

// Pacing and window gains of each state.
export const STARTUP_PACING_GAIN = 2.77;
export const STARTUP_WINDOW_GAIN = 2;
export const DRAIN_PACING_GAIN = 0.5;
export const DOWN_PACING_GAIN = 0.9;
export const UP_PACING_GAIN = 1.25;
export const UP_WINDOW_GAIN = 2.25;
export const CRUISE_WINDOW_GAIN = 2;
export const PROBE_RTT_WINDOW_GAIN = 0.5;

/** Paced a little below the estimate, so that a queue never stands because of it. */
export const PACING_MARGIN = 0.01;
/** Loss in a round above which the inflight is too high, before the learned baseline. */
export const LOSS_THRESHOLD = 0.02;
/** Multiplicative decrease. */
export const BETA = 0.7;
/** Part of the long-term inflight left free for others while cruising. */
export const HEADROOM = 0.15;
export const MIN_PIPE_PACKETS = 4;

export const MIN_RTT_FILTER_US = 10_000_000;
export const PROBE_RTT_INTERVAL_US = 5_000_000;
export const PROBE_RTT_DURATION_US = 200_000;

/** Growth of the delivery rate that a fuller pipe must show in a round. */
export const FULL_BW_GROWTH = 1.25;
export const FULL_BW_ROUNDS = 3;
/** Runs of lost packets in a round before Startup may end because of loss. */
export const STARTUP_LOSS_EVENTS = 6;

/** Probe for bandwidth after 2 to 3 s, or as often as Reno would have probed. */
export const PROBE_WAIT_BASE_US = 2_000_000;
export const PROBE_WAIT_SPREAD_US = 1_000_000;
export const MAX_RENO_ROUNDS = 63;

/** Rounds over which the largest excess of acknowledgements is remembered. */
export const EXTRA_ACKED_ROUNDS = 10;

/** What a sender leaves unacknowledged while the receiver gathers ACKs (DESIGN §4). */
export const MAX_ACK_EVERY_PACKETS = 32;
export const MAX_ACK_DELAY_US = 10_000;
/** Burst of the pacer as time at its rate (`Pacer`). */
export const QUANTUM_US = 500;
