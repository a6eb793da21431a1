import fc from 'fast-check';
import { expect, test } from 'vitest';
import { safeLine, type SafeText, safeText } from '../../src/text/safe-text.ts';

/** What a terminal acts on, hides or reorders, by code point. */
const unsafeRanges: readonly (readonly [string, number, number])[] = [
  ['C0: newline, carriage return, backspace, bell, ESC', 0x00, 0x1f],
  ['DEL and C1: among them CSI, OSC, NEL', 0x7f, 0x9f],
  ['the soft hyphen', 0xad, 0xad],
  ['the Arabic letter mark', 0x61c, 0x61c],
  ['Hangul fillers', 0x115f, 0x1160],
  ['zero-width space and non-joiner', 0x200b, 0x200c],
  ['left-to-right and right-to-left marks', 0x200e, 0x200f],
  ['separators of lines and paragraphs, bidi embeddings and overrides', 0x2028, 0x202e],
  ['the word joiner and invisible operators', 0x2060, 0x2064],
  ['bidi isolates', 0x2066, 0x2069],
  ['halves of surrogate pairs', 0xd800, 0xdfff],
  ['the byte order mark', 0xfeff, 0xfeff],
  ['interlinear annotation', 0xfff9, 0xfffb],
  ['tags', 0xe0000, 0xe007f],
];

/** Text with many characters that do harm, beside all others. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc
        .constantFrom(...unsafeRanges)
        .chain(([, from, to]) =>
          fc.integer({ min: from, max: to }).map((codePoint) => String.fromCodePoint(codePoint)),
        ),
      fc.constantFrom('\u200d', '👩', '❤', '\ufe0f', '🏽', '\u001b[2J', '\r\n', '\u009b1A'),
    ),
  )
  .map((parts) => parts.join(''));

function isHarmless(text: string): boolean {
  return Array.from(text).every((character) => {
    const codePoint = character.codePointAt(0)!;
    return !unsafeRanges.some(([, from, to]) => codePoint >= from && codePoint <= to);
  });
}

test.each(unsafeRanges)('%s never reach a terminal as they are', (_, from, to) => {
  for (let codePoint = from; codePoint <= to; codePoint++) {
    const safe = safeText(`a${String.fromCodePoint(codePoint)}b`);
    expect(safe).toMatch(/^a(?:[\u2400-\u2421]|<U\+[0-9A-F]{4,5}>|\ufffd)b$/);
  }
});

test('whatever the text, the safe form is harmless, and making it safe again changes nothing', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const safe = safeText(text);
      expect(isHarmless(safe)).toBe(true);
      expect(safeText(safe)).toBe(safe);
    }),
    { numRuns: 2_000 },
  );
});

test('a line is harmless whatever stands in it, and the program’s own words stand as written', () => {
  fc.assert(
    fc.property(hostileText, fc.integer(), hostileText, (user, number, text) => {
      const line = safeLine`#${number}, ${user}: "${text}"`;
      expect(isHarmless(line)).toBe(true);
      expect(line.startsWith(`#${number}, `)).toBe(true);
      expect(safeLine`${safeText(user)}: ${safeText(text)}`).toBe(safeText(`${user}: ${text}`));
    }),
    { numRuns: 1_000 },
  );
  expect(safeLine`a\tb${'c'}`).toBe('a␉bc');
});

test('text that does no harm is shown as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
      expect(safeText(text)).toBe(text);
    }),
  );
  const harmless = 'Grüße; 漢字 العربية 👩‍💻 ❤️‍🔥 👩🏽‍🚀 "x" \\ <U+001B>';
  expect(safeText(harmless)).toBe(harmless);
});

test('what was replaced can be told from the form', () => {
  expect(safeText('a\u001b[2J\r\n\u009b\u202eb\u200b\ud800')).toBe(
    'a␛[2J␍␊<U+009B><U+202E>b<U+200B>\ufffd',
  );
  // A joiner is harmless between emoji only: elsewhere it makes two names that look the same.
  expect(safeText('pay\u200dpal')).toBe('pay<U+200D>pal');
});

test('a string is not taken for safe text', () => {
  const show = (line: SafeText): string => line;
  expect(show(safeText('x'))).toBe('x');
  // @ts-expect-error -- the type check is the test: what was not made safe cannot be shown
  expect(show('x')).toBe('x');
});
