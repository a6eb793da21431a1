import assert from 'node:assert/strict';
import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from './bytes.ts';
import {
  COMMON_HEADER_BYTES,
  DATA_HEADER_BYTES,
  MAX_CLOSE_REASON_BYTES,
  SCOUT_BYTES,
  MIN_OPEN_BYTES,
  PacketType,
  type PacketHeader,
} from './packet.ts';
import { expandPacketNumber } from './packet-number.ts';
import { type CloseSeal, plainCloseSeal } from './packet-session.ts';

export { DecodedAck, decodeAck, encodeAck } from './ack-codec.ts';
export type { AckFields, DescendingRanges } from './ack-codec.ts';

/**
 * The bodies of all packets. `at` is where a body begins: after the common header and the tag.
 *
 * An `encode…` writes header fields or a body into a buffer that is large enough and returns the
 * length of the datagram; numbers go in full and are truncated here. A `decode…` returns undefined
 * on anything malformed and never throws. Bytes after the last field are ignored, so that a later
 * version may add fields.
 */

const OUTER_VERSION_BITS = 0b0100_0000;
const OUTER_VERSION_MASK = 0b1100_0000;
const HIGHEST_TYPE = PacketType.scout;

/** Everything of the common header but the CRC and tag, which `PacketCheck.write` fills in last. */
export function encodeHeader(
  buffer: Uint8Array,
  type: PacketType,
  flags: number,
  connectionId: number,
): void {
  buffer[4] = OUTER_VERSION_BITS | type;
  buffer[5] = flags;
  writeU32(buffer, 6, connectionId);
}

/** Undefined when shorter than the common header, of another outer form, or of an unknown type. */
export function decodeHeader(datagram: Uint8Array): PacketHeader | undefined {
  if (datagram.length < COMMON_HEADER_BYTES) return undefined;
  const versionAndType = datagram[4]!;
  if ((versionAndType & OUTER_VERSION_MASK) !== OUTER_VERSION_BITS) return undefined;
  const type = versionAndType & ~OUTER_VERSION_MASK;
  if (type === 0 || type > HIGHEST_TYPE) return undefined;
  return { type: type as PacketType, flags: datagram[5]!, connectionId: readU32(datagram, 6) };
}

/** The common header without its checksum: a view into the datagram. */
export function headerBytes(datagram: Uint8Array): Uint8Array {
  return datagram.subarray(4, COMMON_HEADER_BYTES);
}

const KEY_ID_BYTES = 8;
const OPEN_MESSAGE_AT = KEY_ID_BYTES + 2;

/**
 * OPEN: `keyId` 8 · `messageBytes` u16 · message · zeros up to 1200 bytes of datagram.
 * `keyId` is 16 hex digits.
 */
export function encodeOpen(
  buffer: Uint8Array,
  at: number,
  keyId: string,
  message: Uint8Array,
): number {
  const messageAt = at + OPEN_MESSAGE_AT;
  assert(messageAt + message.length <= MIN_OPEN_BYTES, 'an OPEN fits its fixed length');
  writeKeyId(buffer, at, keyId);
  writeU16(buffer, at + KEY_ID_BYTES, message.length);
  buffer.set(message, messageAt);
  buffer.fill(0, messageAt + message.length, MIN_OPEN_BYTES);
  return MIN_OPEN_BYTES;
}

/** The message is a view into the datagram. Undefined when the datagram is not padded to 1200. */
export function decodeOpen(
  datagram: Uint8Array,
  at: number,
): { readonly keyId: string; readonly message: Uint8Array } | undefined {
  if (datagram.length < MIN_OPEN_BYTES) return undefined;
  const messageAt = at + OPEN_MESSAGE_AT;
  const messageEnd = messageAt + readU16(datagram, at + KEY_ID_BYTES);
  if (messageEnd > datagram.length) return undefined;
  return { keyId: readKeyId(datagram, at), message: datagram.subarray(messageAt, messageEnd) };
}

/** SCOUT: `keyId` 8 · zeros up to 548 bytes of datagram. */
export function encodeScout(buffer: Uint8Array, at: number, keyId: string): number {
  writeKeyId(buffer, at, keyId);
  buffer.fill(0, at + KEY_ID_BYTES, SCOUT_BYTES);
  return SCOUT_BYTES;
}

/** The key id. Undefined when the datagram is of another size: it says nothing of this one then. */
export function decodeScout(datagram: Uint8Array, at: number): string | undefined {
  return datagram.length === SCOUT_BYTES ? readKeyId(datagram, at) : undefined;
}

function writeKeyId(buffer: Uint8Array, at: number, keyId: string): void {
  assert(keyId.length === 2 * KEY_ID_BYTES, 'a key id is 16 hex digits');
  for (let i = 0; i < KEY_ID_BYTES; i++) {
    buffer[at + i] = Number.parseInt(keyId.slice(2 * i, 2 * i + 2), 16);
  }
}

function readKeyId(datagram: Uint8Array, at: number): string {
  let keyId = '';
  for (let i = 0; i < KEY_ID_BYTES; i++) {
    keyId += datagram[at + i]!.toString(16).padStart(2, '0');
  }
  return keyId;
}

/** OPEN_ACK: message, to the end of the datagram. */
export function encodeOpenAck(buffer: Uint8Array, at: number, message: Uint8Array): number {
  const length = at + message.length;
  assert(length <= MIN_OPEN_BYTES, 'an OPEN_ACK is never longer than its OPEN');
  buffer.set(message, at);
  return length;
}

/** The message is a view into the datagram. */
export function decodeOpenAck(datagram: Uint8Array, at: number): Uint8Array | undefined {
  return datagram.length <= at ? undefined : datagram.subarray(at);
}

/** DATA: `packetNumber` u32 · `offset` u48 · payload. Returns where the payload begins. */
export function encodeDataHeader(
  buffer: Uint8Array,
  at: number,
  packetNumber: number,
  offset: number,
): number {
  writeU32(buffer, at, packetNumber);
  writeU48(buffer, at + 4, offset);
  return at + DATA_HEADER_BYTES;
}

/** Truncated to 32 bits. Of DATA, PING, MTU_PROBE, PATH_CHALLENGE and PATH_RESPONSE. */
export function decodePacketNumber(datagram: Uint8Array, at: number): number | undefined {
  return datagram.length < at + 4 ? undefined : readU32(datagram, at);
}

/** Where in the stream the payload of a DATA begins; the payload may be empty. */
export function decodeDataOffset(datagram: Uint8Array, at: number): number | undefined {
  return datagram.length < at + DATA_HEADER_BYTES ? undefined : readU48(datagram, at + 4);
}

/** PING: `packetNumber` u32. */
export function encodePing(buffer: Uint8Array, at: number, packetNumber: number): number {
  writeU32(buffer, at, packetNumber);
  return at + 4;
}

/** MTU_PROBE: `packetNumber` u32 · zeros up to `length` bytes of datagram. */
export function encodeMtuProbe(
  buffer: Uint8Array,
  at: number,
  packetNumber: number,
  length: number,
): number {
  assert(length >= at + 4 && length <= buffer.length, 'an MTU probe holds its number and fits');
  writeU32(buffer, at, packetNumber);
  buffer.fill(0, at + 4, length);
  return length;
}

const PATH_TOKEN_BYTES = 8;
/** PATH_CHALLENGE and PATH_RESPONSE after the common header and tag. */
export const PATH_PACKET_BODY_BYTES: number = 4 + PATH_TOKEN_BYTES;

/** PATH_CHALLENGE: `packetNumber` u32 · `token` 8. */
export function encodePathChallenge(
  buffer: Uint8Array,
  at: number,
  packetNumber: number,
  token: Uint8Array,
): number {
  assert(token.length === PATH_TOKEN_BYTES, 'a path token is 8 bytes');
  writeU32(buffer, at, packetNumber);
  buffer.set(token, at + 4);
  return at + 4 + PATH_TOKEN_BYTES;
}

/** PATH_RESPONSE: `packetNumber` u32 · `token` 8, the token of the challenge. */
export function encodePathResponse(
  buffer: Uint8Array,
  at: number,
  packetNumber: number,
  token: Uint8Array,
): number {
  return encodePathChallenge(buffer, at, packetNumber, token);
}

/** The token of a PATH_CHALLENGE or PATH_RESPONSE, as a view into the datagram. */
export function decodePathToken(datagram: Uint8Array, at: number): Uint8Array | undefined {
  const tokenAt = at + 4;
  const tokenEnd = tokenAt + PATH_TOKEN_BYTES;
  return datagram.length < tokenEnd ? undefined : datagram.subarray(tokenAt, tokenEnd);
}

/** What a sender tells its receiver about acknowledging. */
export interface MarkFields {
  /** Full packet number: nothing below is waited for any more. */
  readonly una: number;
  /** Numbered packets an ACK, u16, at least 1. */
  readonly ackEvery: number;
  /** Packets after which a new gap asks for an ACK at once; 0 = never. u8. */
  readonly reorderThreshold: number;
  readonly maxAckDelayUs: number;
  /** u32, compares as a serial number. */
  readonly markSeq: number;
}

const MARK_BYTES = 15;
/** Protects the sender's timers from a receiver that was told to wait for ever. */
const LONGEST_ACK_DELAY_US = 1_000_000;

/** MARK: `una` u32 · `ackEvery` u16 · `reorderThreshold` u8 · `maxAckDelayUs` u32 · `markSeq` u32. */
export function encodeMark(buffer: Uint8Array, at: number, fields: MarkFields): number {
  writeU32(buffer, at, fields.una);
  writeU16(buffer, at + 4, fields.ackEvery);
  buffer[at + 6] = fields.reorderThreshold;
  writeU32(buffer, at + 7, fields.maxAckDelayUs);
  writeU32(buffer, at + 11, fields.markSeq);
  return at + MARK_BYTES;
}

/** `una` is expanded to the number nearest to `expectedUna`, `maxAckDelayUs` clamped to 1 s. */
export function decodeMark(
  datagram: Uint8Array,
  at: number,
  expectedUna: number,
): MarkFields | undefined {
  if (datagram.length < at + MARK_BYTES) return undefined;
  const ackEvery = readU16(datagram, at + 4);
  if (ackEvery === 0) return undefined;
  return {
    una: expandPacketNumber(readU32(datagram, at), expectedUna),
    ackEvery,
    reorderThreshold: datagram[at + 6]!,
    maxAckDelayUs: Math.min(readU32(datagram, at + 7), LONGEST_ACK_DELAY_US),
    markSeq: readU32(datagram, at + 11),
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** CLOSE: `code` u16 · reason in UTF-8, cut at a character border to at most 256 bytes, sealed. */
export function encodeClose(
  buffer: Uint8Array,
  at: number,
  code: number,
  reason: string,
  seal: CloseSeal = plainCloseSeal,
): number {
  const room = new Uint8Array(MAX_CLOSE_REASON_BYTES);
  const { written } = encoder.encodeInto(reason, room);
  const sealed = seal.seal(code, room.subarray(0, written));
  writeU16(buffer, at, code);
  buffer.set(sealed, at + 2);
  return at + 2 + sealed.length;
}

/** Bytes of the reason that are not UTF-8 are replaced. */
export function decodeClose(
  datagram: Uint8Array,
  at: number,
  seal: CloseSeal = plainCloseSeal,
): { readonly code: number; readonly reason: string } | undefined {
  const reasonAt = at + 2;
  if (datagram.length < reasonAt) return undefined;
  if (datagram.length > reasonAt + MAX_CLOSE_REASON_BYTES + seal.overheadBytes) return undefined;
  const code = readU16(datagram, at);
  const reason = seal.open(code, datagram.subarray(reasonAt));
  return reason && { code, reason: decoder.decode(reason) };
}
