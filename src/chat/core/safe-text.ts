/**
 * Characters that move the cursor, recolour, hide, reorder or break a line: controls (C0, C1, ESC,
 * newlines), format characters (bidi overrides, zero-width), line and paragraph separators, halves
 * of surrogate pairs, and what Unicode says to draw as nothing (Hangul fillers, tags). Two that only
 * choose between the forms of an emoji stay, and so does the joiner inside an emoji.
 */
const unsafePattern =
  /(?![\ufe0e\ufe0f])(?!(?<=\p{Extended_Pictographic}[\p{Emoji_Modifier}\ufe0f]?)\u200d(?=\p{Extended_Pictographic}))[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

function visibleForm(character: string): string {
  const codePoint = character.codePointAt(0)!;
  if (codePoint < 0x20) return String.fromCodePoint(0x2400 + codePoint); // U+2400: control pictures
  if (codePoint === 0x7f) return '\u2421';
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return '\ufffd';
  return `<U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}>`;
}

/**
 * `text` from another person in a form that is harmless on a terminal and in a file of lines: one
 * line, no control sequence, nothing invisible or reordered. Safe text comes back unchanged, so
 * applying it twice changes nothing more.
 */
export function safeText(text: string): string {
  return text.replace(unsafePattern, visibleForm);
}
