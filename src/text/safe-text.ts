declare const safeBrand: unique symbol;

/**
 * Text that may be written to a terminal or into a file of lines: one line, no control sequence,
 * nothing invisible or reordered. Only `safeText` and `safeLine` make it, so a function that takes
 * it cannot be given what another person wrote.
 */
export type SafeText = string & { readonly [safeBrand]: true };

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
 * `text` from anywhere in a harmless form: what could do more than stand on one line is replaced by
 * what shows it. Safe text comes back unchanged, so applying it twice changes nothing more.
 */
export function safeText(text: string): SafeText {
  return text.replace(unsafePattern, visibleForm) as SafeText;
}

/**
 * A line of the program with values in it, safe whatever the values: the tag of a template, as in
 * `` safeLine`Bye, ${user}!` ``. The whole line is made safe, so that no two harmless parts join to
 * something else.
 */
export function safeLine(
  parts: TemplateStringsArray,
  ...values: readonly (string | number)[]
): SafeText {
  return safeText(String.raw({ raw: parts }, ...values));
}
