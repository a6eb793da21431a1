import assert from 'node:assert/strict';
import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from './bytes.ts';

/**
 * What OPEN and OPEN_ACK say inside their messages. Bytes after the last field are ignored, so
 * that a later version may add fields.
 */

/** What each side tells the other before the first byte of the stream. */
interface Limits {
  /** By which the sender of this message is addressed. u32. */
  readonly connectionId: number;
  /** Of the sender of this message; its first numbered packet carries it. u32. */
  readonly firstPacketNumber: number;
  /** Credit granted to the other side's stream. u48. */
  readonly creditBytes: number;
  /** What may stand in this side's socket buffer for the connection. u32. */
  readonly socketShareBytes: number;
  /** Largest datagram this side takes. u16. */
  readonly maxDatagramBytes: number;
}

export interface OpenParameters extends Limits {
  /** 1…8 protocol versions, each a u8, the best one first. */
  readonly versions: readonly number[];
}

export interface OpenAckParameters extends Limits {
  /** The one chosen of those offered. */
  readonly version: number;
}

/** `refusal` is a close code, u16. */
export type OpenAnswer = OpenAckParameters | { readonly refusal: number };

const MAX_VERSIONS = 8;
const LIMITS_BYTES = 20;
const ACCEPTED = 1;
const REFUSED = 0;

/** `connectionId` u32 · `firstPacketNumber` u32 · `creditBytes` u48 · `socketShareBytes` u32 · `maxDatagramBytes` u16. */
function writeLimits(bytes: Uint8Array, at: number, limits: Limits): void {
  writeU32(bytes, at, limits.connectionId);
  writeU32(bytes, at + 4, limits.firstPacketNumber);
  writeU48(bytes, at + 8, limits.creditBytes);
  writeU32(bytes, at + 14, limits.socketShareBytes);
  writeU16(bytes, at + 18, limits.maxDatagramBytes);
}

function readLimits(bytes: Uint8Array, at: number): Limits {
  return {
    connectionId: readU32(bytes, at),
    firstPacketNumber: readU32(bytes, at + 4),
    creditBytes: readU48(bytes, at + 8),
    socketShareBytes: readU32(bytes, at + 14),
    maxDatagramBytes: readU16(bytes, at + 18),
  };
}

/** `versionCount` u8 · versions u8 each · limits 20. */
export function encodeOpenParameters(parameters: OpenParameters): Uint8Array {
  const { versions } = parameters;
  assert(versions.length >= 1 && versions.length <= MAX_VERSIONS, 'an OPEN offers 1 to 8 versions');
  const bytes = new Uint8Array(1 + versions.length + LIMITS_BYTES);
  bytes[0] = versions.length;
  bytes.set(versions, 1);
  writeLimits(bytes, 1 + versions.length, parameters);
  return bytes;
}

export function decodeOpenParameters(bytes: Uint8Array): OpenParameters | undefined {
  const versionCount = bytes[0] ?? 0;
  if (versionCount === 0 || versionCount > MAX_VERSIONS) return undefined;
  const limitsAt = 1 + versionCount;
  if (bytes.length < limitsAt + LIMITS_BYTES) return undefined;
  return { versions: Array.from(bytes.subarray(1, limitsAt)), ...readLimits(bytes, limitsAt) };
}

/** Accepted: 1 u8 · `version` u8 · limits 20. Refused: 0 u8 · `refusal` u16. */
export function encodeOpenAnswer(answer: OpenAnswer): Uint8Array {
  if ('refusal' in answer) {
    const bytes = new Uint8Array(3);
    bytes[0] = REFUSED;
    writeU16(bytes, 1, answer.refusal);
    return bytes;
  }
  const bytes = new Uint8Array(2 + LIMITS_BYTES);
  bytes[0] = ACCEPTED;
  bytes[1] = answer.version;
  writeLimits(bytes, 2, answer);
  return bytes;
}

export function decodeOpenAnswer(bytes: Uint8Array): OpenAnswer | undefined {
  if (bytes[0] === REFUSED) {
    return bytes.length < 3 ? undefined : { refusal: readU16(bytes, 1) };
  }
  if (bytes[0] !== ACCEPTED || bytes.length < 2 + LIMITS_BYTES) return undefined;
  return { version: bytes[1]!, ...readLimits(bytes, 2) };
}
