import { COMMAND_PROMPT, type ClientConsole } from '../../src/chat/client.ts';

/** A console whose lines come from a test, and that remembers what it showed. */
export class ScriptedConsole implements ClientConsole {
  readonly isTerminal: boolean;
  /** What stdout showed and `shown` did not take yet; the command prompt is left out. */
  readonly #out: string[] = [];
  readonly errors: string[] = [];
  readonly hiddenPrompts: string[] = [];
  readonly #typed: (string | undefined)[] = [];
  #answer: ((line: string | undefined) => void) | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(isTerminal = false) {
    this.isTerminal = isTerminal;
  }

  ask(prompt: string, options?: { readonly isHidden?: boolean }): Promise<string | undefined> {
    if (options?.isHidden === true) this.hiddenPrompts.push(prompt);
    if (prompt !== COMMAND_PROMPT) this.print(prompt);
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#give();
    });
  }

  print(line: string): void {
    this.#out.push(line);
    this.#wake();
  }

  warn(line: string): void {
    this.errors.push(line);
    this.#wake();
  }

  type(...lines: readonly string[]): void {
    this.#typed.push(...lines);
    this.#give();
  }

  /** End of input. */
  end(): void {
    this.#typed.push(undefined);
    this.#give();
  }

  /** The lines up to one that holds `text`, which is the last; they are not given again. */
  async shown(text: string): Promise<string[]> {
    for (;;) {
      const at = this.#out.findIndex((line) => line.includes(text));
      if (at >= 0) return this.#out.splice(0, at + 1);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async warned(text: string): Promise<void> {
    while (!this.errors.some((line) => line.includes(text))) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** All lines that were not taken yet. */
  rest(): string[] {
    return this.#out.splice(0);
  }

  #give(): void {
    if (this.#answer === undefined || this.#typed.length === 0) return;
    const answer = this.#answer;
    this.#answer = undefined;
    // The end of input stays the end.
    answer(this.#typed[0] === undefined ? undefined : this.#typed.shift());
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
