/**
 * What a line means to whoever reads it. Each has a colour: `good` what was asked for came about,
 * `bad` it did not, `caution` something to look at, `private` for one reader only, `aside` good to
 * know. A line that only answers has none.
 */
export type Tone = 'good' | 'bad' | 'caution' | 'private' | 'aside';

/** SGR parameters that begin and end a tone: colours of the terminal's own palette. */
const codes: Readonly<Record<Tone, readonly [on: number, off: number]>> = {
  good: [32, 39],
  bad: [31, 39],
  caution: [33, 39],
  private: [35, 39],
  aside: [2, 22],
};

/** `text` in the colour of its tone; as it is without one. */
export function paint(text: string, tone: Tone | undefined): string {
  if (tone === undefined) return text;
  const [on, off] = codes[tone];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

/** Whether what is written there may have colours: on a screen that has some, unless NO_COLOR says no. */
export function takesColours(
  output: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  const { NO_COLOR: noColor = '', TERM: terminal } = environment;
  return output.isTTY === true && noColor === '' && terminal !== 'dumb';
}
