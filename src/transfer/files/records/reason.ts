/** Longest reason that travels, in bytes of UTF-8 (DESIGN §9). */
export const MAX_REASON_BYTES = 256;

/** Controls, format characters (bidi overrides), halves of surrogate pairs, line separators. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A reason as it is shown on both sides: one line without control characters, cut at a character.
 * Applied before it is sent and after it was received, so that both sides show the same text.
 */
export function cleanReason(reason: string): string {
  return cutToBytes(reason.replace(unprintable, '\ufffd'), MAX_REASON_BYTES);
}

/** The longest beginning of `text` that has at most `limitBytes` of UTF-8 and no half character. */
export function cutToBytes(text: string, limitBytes: number): string {
  if (Buffer.byteLength(text) <= limitBytes) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > limitBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}
