import { ByteCursor } from './byte-cursor.ts';
import { cleanReason, MAX_REASON_BYTES } from './reason.ts';
import type { PauseReason } from '../transfer.ts';
import { type TransferErrorCode, transferErrorCodes } from '../transfer-error.ts';

/**
 * Record types of the files protocol.
 *
 * ```
 *   sender                                        receiver
 *   OFFER…, START CONTENT… (64 KiB in all)   →
 *                                             ←   ACCEPT… | REJECT
 *   START CONTENT… END for each file, or FILE →
 *                                             ←   AGAIN (a file from its beginning), PAUSE, RESUME
 *   MISS (a file cannot be sent)             ⇄   MISS (a file cannot be stored)
 *   REPORT, before the last END              →   LIMIT, before the last DONE
 *   WORKING, at work where nobody sees it    ⇄   WORKING
 *                                             ←   DONE, and after the last offer FIN
 *   CLOSE(ok), or the next OFFER             →
 * ```
 *
 * Either side may say FAIL, FIN in place of what it would say next.
 */
export const MessageType = {
  offer: 1,
  accept: 2,
  reject: 3,
  content: 4,
  end: 5,
  done: 6,
  fail: 7,
  start: 8,
  again: 9,
  miss: 10,
  pause: 11,
  resume: 12,
  report: 13,
  limit: 14,
  working: 15,
  file: 16,
} as const;

/** First byte of OFFER: the version of everything in this file. */
export const FILES_VERSION = 2;
/** Length of a SHA-256. */
export const DIGEST_BYTES = 32;

/** START: the content of one entry follows, from an offset on. */
export interface StartMessage {
  readonly entryIndex: number;
  readonly offsetBytes: number;
}

/** What ACCEPT says of one entry; entries that it does not name are wanted from 0. */
export type AcceptItem =
  | { readonly type: 'continue'; readonly entryIndex: number; readonly offsetBytes: number }
  | ({ readonly type: 'refuse'; readonly entryIndex: number } & FailureMessage);

/** One record of an answer to an offer. */
export interface AcceptMessage {
  readonly items: readonly AcceptItem[];
  /** Another record of this answer follows. */
  readonly hasMoreItems: boolean;
}

/** MISS: one entry is left out, and the others go on. */
export interface MissMessage extends FailureMessage {
  readonly entryIndex: number;
}

/** END: the content of one entry is complete. */
export interface EndMessage {
  readonly entryIndex: number;
  readonly sizeBytes: number;
  /** SHA-256 of the whole content, as 32 bytes. */
  readonly digest: Uint8Array;
}

/** FILE: one entry whole, from its beginning: START, CONTENT and END in one record. */
export interface FileMessage {
  readonly entryIndex: number;
  /** SHA-256 of the content. */
  readonly digest: Uint8Array;
  readonly content: Uint8Array;
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
  stalled: 13,
};

/** START: entry u32 · offset u48. */
export function encodeStart(message: StartMessage): Uint8Array {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt32BE(message.entryIndex, 0);
  bytes.writeUIntBE(message.offsetBytes, 4, 6);
  return bytes;
}

export function decodeStart(body: Uint8Array): StartMessage | undefined {
  const cursor = new ByteCursor(body);
  const message = { entryIndex: cursor.u32(), offsetBytes: cursor.u48() };
  return cursor.isExactlyRead ? message : undefined;
}

/** AGAIN: entry u32. */
export function encodeAgain(entryIndex: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(entryIndex, 0);
  return bytes;
}

export function decodeAgain(body: Uint8Array): number | undefined {
  const cursor = new ByteCursor(body);
  const entryIndex = cursor.u32();
  return cursor.isExactlyRead ? entryIndex : undefined;
}

const ITEM_CONTINUE = 0;
const ITEM_REFUSE = 1;

/**
 * ACCEPT: flags u8 (1: more follow) · item count u16 · items: entry u32 · 0 u8 · offset u48, or entry
 * u32 · 1 u8 · code u8 · reason length u16 · reason.
 */
export function encodeAccept({ items, hasMoreItems }: AcceptMessage): Uint8Array {
  const header = Buffer.alloc(3);
  header.writeUInt8(hasMoreItems ? 1 : 0, 0);
  header.writeUInt16BE(items.length, 1);
  return Buffer.concat([header, ...items.map(encodeItem)]);
}

function encodeItem(item: AcceptItem): Uint8Array {
  if (item.type === 'continue') {
    const bytes = Buffer.alloc(11);
    bytes.writeUInt32BE(item.entryIndex, 0);
    bytes.writeUInt8(ITEM_CONTINUE, 4);
    bytes.writeUIntBE(item.offsetBytes, 5, 6);
    return bytes;
  }
  const reason = Buffer.from(cleanReason(item.reason), 'utf8');
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(item.entryIndex, 0);
  bytes.writeUInt8(ITEM_REFUSE, 4);
  bytes.writeUInt8(wireNumbers[item.code], 5);
  bytes.writeUInt16BE(reason.length, 6);
  return Buffer.concat([bytes, reason]);
}

/** Most items of one record: each takes at most 264 bytes of its 16 KiB. */
export const MAX_ACCEPT_ITEMS = 60;

export function decodeAccept(body: Uint8Array): AcceptMessage | undefined {
  const cursor = new ByteCursor(body);
  const flags = cursor.u8();
  const itemCount = cursor.u16();
  if (flags > 1 || itemCount > MAX_ACCEPT_ITEMS) return undefined;
  const items: AcceptItem[] = [];
  while (items.length < itemCount) {
    const item = decodeItem(cursor);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return cursor.isExactlyRead ? { items, hasMoreItems: flags === 1 } : undefined;
}

function decodeItem(cursor: ByteCursor): AcceptItem | undefined {
  const entryIndex = cursor.u32();
  const type = cursor.u8();
  if (type === ITEM_CONTINUE) return { type: 'continue', entryIndex, offsetBytes: cursor.u48() };
  const code = codeOf(cursor.u8());
  const reasonBytes = cursor.u16();
  const reason = cursor.text(reasonBytes);
  if (type !== ITEM_REFUSE || code === undefined || !cursor.isIntact) return undefined;
  return reasonBytes > MAX_REASON_BYTES
    ? undefined
    : { type: 'refuse', entryIndex, code, reason: cleanReason(reason) };
}

/** MISS: entry u32, then as REJECT. */
export function encodeMiss({ entryIndex, ...failure }: MissMessage): Uint8Array {
  return Buffer.concat([encodeAgain(entryIndex), encodeFailure(failure)]);
}

export function decodeMiss(body: Uint8Array): MissMessage | undefined {
  const entryIndex = decodeAgain(body.subarray(0, 4));
  const failure = decodeFailure(body.subarray(4));
  if (entryIndex === undefined || failure === undefined) return undefined;
  return { entryIndex, ...failure };
}

const pauseReasons: readonly PauseReason[] = ['no-space', 'user'];

/** PAUSE: reason u8 (1 no space, 2 user). RESUME is empty. */
export function encodePause(reason: PauseReason): Uint8Array {
  return Uint8Array.of(1 + pauseReasons.indexOf(reason));
}

export function decodePause(body: Uint8Array): PauseReason | undefined {
  return body.length === 1 ? pauseReasons[body[0]! - 1] : undefined;
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

/** Bytes of FILE before its content. */
export const FILE_HEADER_BYTES: number = 4 + DIGEST_BYTES;

/** FILE: entry u32 · SHA-256 · content. */
export function encodeFile({ entryIndex, digest, content }: FileMessage): Uint8Array {
  const bytes = Buffer.allocUnsafe(FILE_HEADER_BYTES + content.length);
  bytes.writeUInt32BE(entryIndex, 0);
  bytes.set(digest, 4);
  bytes.set(content, FILE_HEADER_BYTES);
  return bytes;
}

/** `content` is a view. */
export function decodeFile(body: Uint8Array): FileMessage | undefined {
  const cursor = new ByteCursor(body);
  const entryIndex = cursor.u32();
  const digest = Uint8Array.from(cursor.bytes(DIGEST_BYTES));
  if (!cursor.isIntact) return undefined;
  return { entryIndex, digest, content: body.subarray(FILE_HEADER_BYTES) };
}

/** REJECT and FAIL: code u8 · reason (UTF-8, to the end of the record, at most 256 bytes). */
export function encodeFailure(message: FailureMessage): Uint8Array {
  const reason = Buffer.from(cleanReason(message.reason), 'utf8');
  return Buffer.concat([Uint8Array.of(wireNumbers[message.code]), reason]);
}

export function decodeFailure(body: Uint8Array): FailureMessage | undefined {
  if (body.length > 1 + MAX_REASON_BYTES) return undefined;
  const cursor = new ByteCursor(body);
  const code = codeOf(cursor.u8());
  const reason = cursor.text(cursor.remainingBytes);
  if (code === undefined || !cursor.isExactlyRead) return undefined;
  return { code, reason: cleanReason(reason) };
}

function codeOf(number: number): TransferErrorCode | undefined {
  return transferErrorCodes.find((code) => wireNumbers[code] === number);
}
