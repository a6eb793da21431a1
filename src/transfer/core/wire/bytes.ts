/**
 * Unsigned big-endian integers in byte arrays, by shifts: no view object a datagram.
 *
 * Nothing here checks bounds: whoever decodes has compared lengths before, and a read past the end
 * gives zeros, never an exception.
 */

const TWO_TO_32 = 2 ** 32;

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

export function readU48(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * TWO_TO_32 + readU32(bytes, at + 2);
}

/** Writes the low 16 bits of `value`. */
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Writes the low 32 bits of `value`, which may be any safe integer that is not negative. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes the low 48 bits of `value`, which may be any safe integer that is not negative. */
export function writeU48(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, Math.floor(value / TWO_TO_32));
  writeU32(bytes, at + 2, value);
}
