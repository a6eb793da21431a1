/** A datagram of the internet, one of jumbo frames, and one of loopback or a record. */
export const SIZES_BYTES: readonly number[] = [1_400, 8_900, 16_384];

/** Bytes that no code has a short way for, the same each time. */
export function bytesFrom(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => Math.imul(at + 1, 0x9e37_79b1) >>> 24);
}
