/**
 * Packet numbers and sequence numbers are 53 bits inside and `bits` bits on the wire. The protocol
 * uses 32; the width is a parameter (1…32) so that tests can wrap thousands of times.
 */

const TWO_TO_32 = 2 ** 32;

function windowOf(bits: number): number {
  return bits === 32 ? TWO_TO_32 : 2 ** bits;
}

/** The low `bits` bits of a number: what travels. */
export function truncatePacketNumber(number: number, bits = 32): number {
  return bits === 32 ? number >>> 0 : number & (windowOf(bits) - 1);
}

/**
 * The number nearest to `expected` whose low `bits` bits are `truncated` (RFC 9000, appendix A.3);
 * of two equally near ones the higher. Never negative, so near zero it may not be the nearest.
 */
export function expandPacketNumber(truncated: number, expected: number, bits = 32): number {
  const window = windowOf(bits);
  const candidate = expected - truncatePacketNumber(expected, bits) + truncated;
  if (candidate <= expected - window / 2) return candidate + window;
  if (candidate > expected + window / 2 && candidate >= window) return candidate - window;
  return candidate;
}

/** The bits of a full number that do not travel; the tag covers them (`PacketCheck`). */
export function packetNumberHigh(number: number): number {
  return Math.floor(number / TWO_TO_32);
}

/**
 * Whether `a` comes after `b` on the circle of `bits` bits (RFC 1982). Of two numbers exactly half
 * a circle apart neither is newer.
 */
export function isNewerSerial(a: number, b: number, bits = 32): boolean {
  const distance = (a - b) << (32 - bits);
  return distance > 0;
}
