import { expect, test } from 'vitest';
import {
  MAX_TURN_PACKETS,
  MIN_TURN_PACKETS,
  turnPacketsOf,
} from '../../../../src/transfer/core/path/turn-length.ts';

const DATAGRAM_BYTES = 1_000;
/** So fast, or so wide, that it is the other one that bounds a turn. */
const ENOUGH = 1e12;
/** A packet's worth of rate and of window in a turn of 500 µs and a quarter of the window. */
const PACKET_RATE = DATAGRAM_BYTES * 2_000;
const PACKET_WINDOW = DATAGRAM_BYTES * 4;

test.each([
  ['the rate', (packets: number) => [packets * PACKET_RATE, ENOUGH] as const],
  ['the window', (packets: number) => [ENOUGH, packets * PACKET_WINDOW] as const],
])(
  '%s bounds a turn, from the least to the most, and below the least it is one packet',
  (_, of) => {
    const packetsOf = (packets: number): number => {
      const [pacingBytesPerSec, windowBytes] = of(packets);
      return turnPacketsOf({ pacingBytesPerSec, windowBytes, datagramBytes: DATAGRAM_BYTES });
    };
    expect(packetsOf(MIN_TURN_PACKETS - 0.01)).toBe(1);
    expect(packetsOf(MIN_TURN_PACKETS)).toBe(MIN_TURN_PACKETS);
    expect(packetsOf(MIN_TURN_PACKETS + 0.99)).toBe(MIN_TURN_PACKETS);
    expect(packetsOf(MAX_TURN_PACKETS)).toBe(MAX_TURN_PACKETS);
    expect(packetsOf(MAX_TURN_PACKETS + 1)).toBe(MAX_TURN_PACKETS);
  },
);
