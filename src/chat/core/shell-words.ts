/** Words of a command line, or why there are none. */
export type ShellWords =
  | { readonly words: readonly string[] }
  | { readonly error: 'a quote is not closed' | 'a backslash ends the line' };

/**
 * Splits as a shell does: blanks part words, `'…'` takes all as it stands, in `"…"` a backslash
 * saves `"` and `\`, elsewhere any character. Nothing is expanded.
 */
export function splitShellWords(line: string): ShellWords {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let index = 0; index < line.length; index++) {
    const character = line[index]!;
    const next = line[index + 1];
    if (character === '\\' && quote !== "'") {
      const isKept = quote === '"' && next !== '"' && next !== '\\';
      if (next === undefined) return { error: 'a backslash ends the line' };
      word = (word ?? '') + (isKept ? character : next);
      if (!isKept) index++;
    } else if (character === quote) {
      quote = '';
    } else if (quote !== '') {
      word = (word ?? '') + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= '';
    } else if (character === ' ' || character === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== '') return { error: 'a quote is not closed' };
  if (word !== undefined) words.push(word);
  return { words };
}
