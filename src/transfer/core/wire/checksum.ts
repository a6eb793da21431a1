import * as zlib from 'node:zlib';
import packageCrc from 'crc-32';

/** CRC-32 (IEEE 802.3) of `bytes[start, end)`, unsigned. */
export type Checksum = (bytes: Uint8Array, start: number, end: number) => number;

/** By the `crc-32` package: any Node, about seven times as slow. */
export const crc32ByPackage: Checksum = (bytes, start, end) =>
  packageCrc.buf(bytes.subarray(start, end)) >>> 0;

/** By `zlib.crc32`; undefined before Node 20.15, which is why zlib is imported whole. */
export const crc32ByZlib: Checksum | undefined =
  'crc32' in zlib ? (bytes, start, end) => zlib.crc32(bytes.subarray(start, end)) : undefined;

/** The faster of the two that this Node has; they agree on every input. */
export const crc32: Checksum = crc32ByZlib ?? crc32ByPackage;
