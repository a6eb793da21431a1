import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type ClientConsole, COMMAND_PROMPT } from '../../chat/client.ts';
import type { SafeText } from '../../text/safe-text.ts';

/** Lines read ahead of the questions; then the pipe waits. */
const MAX_LINES_AHEAD = 256;

/** A console on a pipe: plain lines in and out, for scripts. */
export class PipeConsole implements ClientConsole {
  readonly isTerminal = false;
  readonly #interface: Interface;
  readonly #output: Writable;
  readonly #errors: Writable;
  readonly #lines: string[] = [];
  #hasEnded = false;
  #answer: ((line: string | undefined) => void) | undefined;

  constructor(input: Readable, output: Writable, errors: Writable) {
    this.#output = output;
    this.#errors = errors;
    this.#interface = createInterface({ input, crlfDelay: Infinity, terminal: false });
    this.#interface.on('line', (line) => {
      this.#lines.push(line);
      if (this.#lines.length >= MAX_LINES_AHEAD) this.#interface.pause();
      this.#give();
    });
    this.#interface.on('close', () => {
      this.#hasEnded = true;
      this.#give();
    });
    // Whoever read the output may be gone; what was asked for is still done.
    for (const stream of [output, errors]) stream.on('error', () => undefined);
  }

  ask(prompt: SafeText): Promise<string | undefined> {
    // The command prompt is for a person; the login prompts are part of what scripts read.
    if (prompt !== COMMAND_PROMPT) this.#output.write(`${prompt}\n`);
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#give();
    });
  }

  print(line: SafeText): void {
    this.#output.write(`${line}\n`);
  }

  warn(line: SafeText): void {
    this.#errors.write(`${line}\n`);
  }

  /** Stops reading: the process may end. */
  close(): void {
    this.#interface.close();
  }

  #give(): void {
    if (this.#answer === undefined) return;
    const line = this.#lines.shift();
    if (line === undefined && !this.#hasEnded) return;
    const answer = this.#answer;
    this.#answer = undefined;
    if (this.#lines.length < MAX_LINES_AHEAD / 2 && !this.#hasEnded) this.#interface.resume();
    answer(line);
  }
}
