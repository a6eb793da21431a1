/** One decoder, or one machine that takes a stranger's bytes, as a campaign drives it. */
export interface FuzzTarget {
  /** Kebab-case; names the corpus file. */
  readonly name: string;
  /** Longest input that is tried. */
  readonly maxInputBytes: number;
  /** Well-formed inputs, made by our own encoders: where mutations start. */
  readonly seeds: () => readonly Uint8Array[];
  /** What mutations may put in whole: words, limits, magic numbers. */
  readonly dictionary: readonly Uint8Array[];
  /**
   * Decodes `input` and checks the laws of what comes out: it throws for a law that is broken and for
   * nothing else, so an error that a decoder may throw is caught in here. The same input always takes
   * the same way. What it returns names what became of the input: a new name is as good as new code.
   */
  readonly run: (input: Uint8Array) => string | Promise<string>;
}

/** The UTF-8 of each text. */
export function tokens(...texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}
