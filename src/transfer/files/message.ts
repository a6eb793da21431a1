import { ByteCursor } from './byte-cursor.ts';
import { cleanReason, MAX_REASON_BYTES } from './reason.ts';
import { type TransferErrorCode, transferErrorCodes } from './transfer-error.ts';

/**
 * Record types of the files protocol.
 *
 * ```
 *   sender                              receiver
 *   OFFER, CONTENT… (64 KiB in all) →
 *                                     ← ACCEPT | REJECT
 *   CONTENT… END                    →
 *                                     ← DONE, FIN      (or FAIL, FIN from either side)
 *   CLOSE(ok)                       →
 * ```
 */
export const MessageType = {
  offer: 1,
  accept: 2,
  reject: 3,
  content: 4,
  end: 5,
  done: 6,
  fail: 7,
} as const;

/** First byte of OFFER: the version of everything in this file. */
export const FILES_VERSION = 1;
/** Length of a SHA-256. */
export const DIGEST_BYTES = 32;

/** ACCEPT: the receiver wants the content of one entry from an offset on. */
export interface AcceptMessage {
  readonly entryIndex: number;
  readonly offsetBytes: number;
}

/** END: the content of one entry is complete. */
export interface EndMessage {
  readonly entryIndex: number;
  readonly sizeBytes: number;
  /** SHA-256 of the whole content, as 32 bytes. */
  readonly digest: Uint8Array;
}

/** REJECT and FAIL. */
export interface FailureMessage {
  readonly code: TransferErrorCode;
  readonly reason: string;
}

/** Numbers of codes on the wire: never reused. */
const wireNumbers: Record<TransferErrorCode, number> = {
  'local-file': 1,
  refused: 2,
  unanswered: 3,
  lost: 4,
  cancelled: 5,
  'source-changed': 6,
  integrity: 7,
  'no-space': 8,
  version: 9,
  exists: 10,
  protocol: 11,
  internal: 12,
};

/** ACCEPT: entry u32 · offset u48. */
export function encodeAccept(message: AcceptMessage): Uint8Array {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt32BE(message.entryIndex, 0);
  bytes.writeUIntBE(message.offsetBytes, 4, 6);
  return bytes;
}

export function decodeAccept(body: Uint8Array): AcceptMessage | undefined {
  const cursor = new ByteCursor(body);
  const message = { entryIndex: cursor.u32(), offsetBytes: cursor.u48() };
  return cursor.isExactlyRead ? message : undefined;
}

/** END: entry u32 · size u48 · SHA-256. */
export function encodeEnd(message: EndMessage): Uint8Array {
  const bytes = Buffer.alloc(10 + DIGEST_BYTES);
  bytes.writeUInt32BE(message.entryIndex, 0);
  bytes.writeUIntBE(message.sizeBytes, 4, 6);
  bytes.set(message.digest, 10);
  return bytes;
}

export function decodeEnd(body: Uint8Array): EndMessage | undefined {
  const cursor = new ByteCursor(body);
  const message = {
    entryIndex: cursor.u32(),
    sizeBytes: cursor.u48(),
    digest: Uint8Array.from(cursor.bytes(DIGEST_BYTES)),
  };
  return cursor.isExactlyRead ? message : undefined;
}

/** REJECT and FAIL: code u8 · reason (UTF-8, to the end of the record, at most 256 bytes). */
export function encodeFailure(message: FailureMessage): Uint8Array {
  const reason = Buffer.from(cleanReason(message.reason), 'utf8');
  return Buffer.concat([Uint8Array.of(wireNumbers[message.code]), reason]);
}

export function decodeFailure(body: Uint8Array): FailureMessage | undefined {
  if (body.length > 1 + MAX_REASON_BYTES) return undefined;
  const cursor = new ByteCursor(body);
  const number = cursor.u8();
  const code = transferErrorCodes.find((candidate) => wireNumbers[candidate] === number);
  const reason = cursor.text(cursor.remainingBytes);
  if (code === undefined || !cursor.isExactlyRead) return undefined;
  return { code, reason: cleanReason(reason) };
}
