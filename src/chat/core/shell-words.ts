/** Words of a command line, or why there are none. */
export type ShellWords =
  | { readonly words: readonly string[] }
  | { readonly error: 'a quote is not closed' | 'a backslash ends the line' };

/** How what comes in a word is saved from being split. */
export type Quote = "'" | '"' | '\\';

/** The last word of a line that is being typed; empty behind a blank. */
export interface LastWord {
  /** How many stand before it. */
  readonly index: number;
  readonly text: string;
  /** As it stands on the line, quotes and all. */
  readonly typed: string;
  /** As it began. */
  readonly quote: Quote;
}

/**
 * Splits as a shell does: blanks part words, `'…'` takes all as it stands, in `"…"` a backslash
 * saves `"` and `\`, elsewhere any character. Nothing is expanded.
 */
export function splitShellWords(line: string): ShellWords {
  const { words, openQuote, endsInBackslash } = scan(line);
  if (endsInBackslash) return { error: 'a backslash ends the line' };
  if (openQuote !== '') return { error: 'a quote is not closed' };
  return { words: words.map(({ text }) => text) };
}

/** The word that Tab would complete. */
export function lastShellWord(line: string): LastWord {
  const { words, isInWord } = scan(line);
  const last = isInWord ? words.at(-1) : undefined;
  if (last === undefined) return { index: words.length, text: '', typed: '', quote: '\\' };
  const typed = line.slice(last.start);
  const [first] = typed;
  const quote = first === "'" || first === '"' ? first : '\\';
  return { index: words.length - 1, text: last.text, typed, quote };
}

/** How a word with this text stands on a line; a finished one has its end and a blank behind it. */
export function shellWord(text: string, quote: Quote, isFinished: boolean): string {
  switch (quote) {
    case "'":
      return `'${text.replaceAll("'", "'\\''")}${isFinished ? "' " : ''}`;
    case '"':
      return `"${text.replace(/["\\]/g, '\\$&')}${isFinished ? '" ' : ''}`;
    case '\\':
      return `${text.replace(/[ \t'"\\]/g, '\\$&')}${isFinished ? ' ' : ''}`;
  }
}

interface Scan {
  readonly words: readonly { text: string; readonly start: number }[];
  /** The line ends within a word, or right behind it. */
  readonly isInWord: boolean;
  readonly openQuote: string;
  readonly endsInBackslash: boolean;
}

function scan(line: string): Scan {
  const words: { text: string; readonly start: number }[] = [];
  let word: { text: string; readonly start: number } | undefined;
  let quote = '';
  let endsInBackslash = false;
  for (let index = 0; index < line.length; index++) {
    const character = line[index]!;
    if (quote === '' && (character === ' ' || character === '\t')) {
      word = undefined;
      continue;
    }
    if (word === undefined) {
      word = { text: '', start: index };
      words.push(word);
    }
    const next = line[index + 1];
    if (character === '\\' && quote !== "'") {
      const isKept = quote === '"' && next !== '"' && next !== '\\';
      if (next === undefined) endsInBackslash = true;
      else word.text += isKept ? character : next;
      if (!isKept) index++;
    } else if (character === quote) {
      quote = '';
    } else if (quote === '' && (character === "'" || character === '"')) {
      quote = character;
    } else {
      word.text += character;
    }
  }
  return { words, isInWord: word !== undefined, openQuote: quote, endsInBackslash };
}
