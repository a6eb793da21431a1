import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ClientConsole } from '../../chat/client.ts';

/** What a terminal can do beyond a stream. */
export interface TerminalStreams {
  readonly input: NodeJS.ReadableStream;
  /** `columns`: how wide it is now. */
  readonly output: NodeJS.WritableStream & { readonly columns?: number };
}

/** Takes the cursor to the first column and wipes the line. */
const WIPE_LINE = '\r\u001b[K';

/**
 * A console on a terminal: line editing by readline, and lines that arrive while somebody types
 * appear above what is typed.
 */
export class TerminalConsole implements ClientConsole {
  readonly isTerminal = true;
  readonly #output: NodeJS.WritableStream;
  readonly #interface: Interface;
  #isHidden = false;
  #answer: ((line: string | undefined) => void) | undefined;
  #hasEnded = false;

  /** `onInterrupt` is Ctrl-C. */
  constructor(streams: TerminalStreams, onInterrupt: () => void) {
    this.#output = streams.output;
    const echo = new Writable({
      write: (chunk: Uint8Array, _encoding, done): void => {
        if (!this.#isHidden) this.#output.write(chunk);
        done();
      },
    });
    // readline asks its output how wide a line is.
    Object.defineProperty(echo, 'columns', { get: () => streams.output.columns });
    this.#interface = createInterface({ input: streams.input, output: echo, terminal: true });
    this.#interface.on('line', (line) => {
      if (this.#isHidden) this.#output.write('\n');
      this.#give(line);
    });
    this.#interface.on('close', () => {
      this.#hasEnded = true;
      this.#give(undefined);
    });
    this.#interface.on('SIGINT', onInterrupt);
  }

  ask(
    prompt: string,
    { isHidden = false }: { readonly isHidden?: boolean } = {},
  ): Promise<string | undefined> {
    if (this.#hasEnded) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#interface.setPrompt(prompt);
      this.#interface.prompt();
      this.#isHidden = isHidden;
    });
  }

  print(line: string): void {
    this.#showAbove(line);
  }

  warn(line: string): void {
    this.#showAbove(line);
  }

  close(): void {
    this.#interface.close();
  }

  #give(line: string | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    this.#isHidden = false;
    answer?.(line);
  }

  #showAbove(line: string): void {
    if (this.#answer === undefined) {
      this.#output.write(`${line}\n`);
      return;
    }
    this.#output.write(`${WIPE_LINE}${line}\n`);
    if (this.#isHidden) this.#output.write(this.#interface.getPrompt());
    else this.#interface.prompt(true);
  }
}
