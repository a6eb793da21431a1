import { ByteCursor } from './byte-cursor.ts';

/**
 * The record that a connection carries in place of an OFFER when it was introduced for a direct
 * message. Its number stands far from those of `MessageType`, which grow with what files need.
 *
 * ```
 *   sender            receiver
 *   TEXT           →
 *                  ←  DONE | REJECT, FIN
 *   CLOSE(ok)      →
 * ```
 */
export const DIRECT_TEXT_RECORD = 64;

/** Longest text of a direct message, in bytes of UTF-8: it and its record fit the first 16 KiB. */
export const MAX_DIRECT_TEXT_BYTES = 12_288;

/** TEXT: UTF-8, to the end of the record, at least one byte. */
export function encodeDirectText(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** Undefined when it is none. The text may hold anything: it is not safe to print. */
export function decodeDirectText(body: Uint8Array): string | undefined {
  if (body.length === 0 || body.length > MAX_DIRECT_TEXT_BYTES) return undefined;
  const cursor = new ByteCursor(body);
  const text = cursor.text(cursor.remainingBytes);
  return cursor.isExactlyRead ? text : undefined;
}
