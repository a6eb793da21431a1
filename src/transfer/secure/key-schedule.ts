import { hkdfSync } from 'node:crypto';
import { GCM_KEY_BYTES } from './noise/aes-gcm.ts';
import { PSK_BYTES, type SplitKeys } from './noise/noise-handshake.ts';
import { TAG_KEY_BYTES } from './tag/tag-hash.ts';

/** Every key has a label of its own behind this; another version of the protocol has other keys. */
const PROTOCOL_LABEL = 'updraft 1';

/** By which an OPEN names its introduction. */
export const KEY_ID_BYTES = 8;
const NO_SALT = new Uint8Array(0);

/** What an introduction's secret gives: known to both sides and to whoever introduced them. */
export interface OpeningKeys {
  /** Goes into the handshake. */
  readonly psk: Uint8Array;
  /** Tags of OPEN, from the opener. */
  readonly openTag: Uint8Array;
  /** Tags of OPEN_ACK, from the responder. */
  readonly openAckTag: Uint8Array;
}

/** Keys for what one side of a connection sends. */
export interface DirectionKeys {
  readonly records: Uint8Array;
  /** For the reason in CLOSE. */
  readonly close: Uint8Array;
  readonly tag: Uint8Array;
}

export interface SessionKeys {
  readonly own: DirectionKeys;
  readonly peer: DirectionKeys;
}

/**
 * @param secret 32 bytes, of one introduction
 * @param keyId 8 bytes: an introduction's keys are worthless under another id
 */
export function openingKeys(secret: Uint8Array, keyId: Uint8Array): OpeningKeys {
  return {
    psk: derive(secret, keyId, 'psk', PSK_BYTES),
    openTag: derive(secret, keyId, 'open tag', TAG_KEY_BYTES),
    openAckTag: derive(secret, keyId, 'open ack tag', TAG_KEY_BYTES),
  };
}

/** A ticket travels without its key id (8 bytes), which follows from its secret. */
export function ticketKeyId(secret: Uint8Array): Uint8Array {
  return derive(secret, NO_SALT, 'ticket key id', KEY_ID_BYTES);
}

/**
 * The keys of one connection, known to its two sides only.
 *
 * @param handshakeHash of the handshake that gave `split`
 */
export function sessionKeys(split: SplitKeys, handshakeHash: Uint8Array): SessionKeys {
  return {
    own: directionKeys(split.send, handshakeHash),
    peer: directionKeys(split.receive, handshakeHash),
  };
}

function directionKeys(key: Uint8Array, handshakeHash: Uint8Array): DirectionKeys {
  return {
    records: derive(key, handshakeHash, 'records', GCM_KEY_BYTES),
    close: derive(key, handshakeHash, 'close', GCM_KEY_BYTES),
    tag: derive(key, handshakeHash, 'tag', TAG_KEY_BYTES),
  };
}

/** HKDF-SHA256 (RFC 5869). */
function derive(key: Uint8Array, salt: Uint8Array, label: string, byteCount: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, `${PROTOCOL_LABEL} ${label}`, byteCount));
}
