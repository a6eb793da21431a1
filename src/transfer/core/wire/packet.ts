/**
 * Every datagram is one packet:
 *
 * ```
 *  0        4    5       6               10
 *  | crc32  | vt | flags | connectionId  | tag 0 or 8 | body …
 * ```
 *
 * `vt`: the two top bits 01 (this outer form never changes), the rest a `PacketType`.
 * `connectionId`: chosen by whoever receives it; it only finds the session.
 */

export const PacketType = {
  open: 1,
  openAck: 2,
  data: 3,
  ack: 4,
  mark: 5,
  ping: 6,
  mtuProbe: 7,
  pathChallenge: 8,
  pathResponse: 9,
  close: 10,
  scout: 11,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** Bits of the flags byte. */
export const PacketFlag = {
  /** DATA: the stream ends with this payload. */
  fin: 1,
  /** The receiver answers with an ACK at once. */
  ackNow: 2,
} as const;

export interface PacketHeader {
  readonly type: PacketType;
  /** Unknown bits are kept and mean nothing. */
  readonly flags: number;
  /** u32. */
  readonly connectionId: number;
}

/** crc32, version and type, flags, connection id; the tag, if any, comes after. */
export const COMMON_HEADER_BYTES = 10;
/** DATA: packet number u32 and offset u48, after the common header and tag. */
export const DATA_HEADER_BYTES = 10;
/** An OPEN is padded to this, so that an answer never amplifies. */
export const MIN_OPEN_BYTES = 1200;
/**
 * A SCOUT: what fits every IPv4 path (RFC 791: 576 bytes with IP's header and UDP's), so that whoever sees
 * it and no OPEN knows that it is the size.
 */
export const SCOUT_BYTES = 548;
/** Protects the reader of an ACK from long lists. */
export const MAX_ACK_RANGES = 250;
/** UTF-8. */
export const MAX_CLOSE_REASON_BYTES = 256;
