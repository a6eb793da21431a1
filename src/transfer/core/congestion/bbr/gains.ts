import * as K from './constants.ts';

/** The states of the draft's section 4, in the order a flow meets them. */
export type State = 'startup' | 'drain' | 'down' | 'cruise' | 'refill' | 'up' | 'probeRtt';

/** Pacing gain and window gain of each state. */
export const gains: Readonly<Record<State, readonly [pacing: number, window: number]>> = {
  startup: [K.STARTUP_PACING_GAIN, K.STARTUP_WINDOW_GAIN],
  drain: [K.DRAIN_PACING_GAIN, K.STARTUP_WINDOW_GAIN],
  down: [K.DOWN_PACING_GAIN, K.CRUISE_WINDOW_GAIN],
  cruise: [1, K.CRUISE_WINDOW_GAIN],
  refill: [1, K.CRUISE_WINDOW_GAIN],
  up: [K.UP_PACING_GAIN, K.UP_WINDOW_GAIN],
  probeRtt: [1, K.PROBE_RTT_WINDOW_GAIN],
};
