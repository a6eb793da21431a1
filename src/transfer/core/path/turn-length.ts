/**
 * Most packets that a member sends in its turn: as many as one ACK answers. Longest that they take at the
 * path's rate, and largest part of the window; where that is less than the least, turns are of one packet.
 */
export const MAX_TURN_PACKETS = 32;
const TURN_US = 500;
const TURN_WINDOW_PART = 1 / 4;
export const MIN_TURN_PACKETS = 8;

/** What a path gives to the members that share it. */
export interface SharedPath {
  readonly pacingBytesPerSec: number;
  readonly windowBytes: number;
  readonly datagramBytes: number;
}

/**
 * Packets that each of several members sends in its turn. More than one where they share a fast path: packet
 * by packet each would have so few on their way at a time that every one of them brought its own ACK.
 */
export function turnPacketsOf(path: SharedPath): number {
  const rateBytes = (path.pacingBytesPerSec * TURN_US) / 1e6;
  const turnBytes = Math.min(rateBytes, TURN_WINDOW_PART * path.windowBytes);
  const packets = Math.floor(turnBytes / path.datagramBytes);
  return packets < MIN_TURN_PACKETS ? 1 : Math.min(packets, MAX_TURN_PACKETS);
}
