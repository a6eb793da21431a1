import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ClientConsole, Question } from '../../chat/client.ts';
import type { SafeText } from '../../text/safe-text.ts';

/** An output that may be a screen. */
export type TerminalOutput = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  /** How wide it is now. */
  readonly columns?: number;
};

export interface TerminalStreams {
  /** A terminal: it is read key by key, and echoes nothing by itself. */
  readonly input: NodeJS.ReadableStream;
  readonly output: TerminalOutput;
  readonly errors: TerminalOutput;
}

/** Lines typed or pasted before they are asked for; then the keyboard waits. */
export const MAX_LINES_AHEAD = 256;

/** Commands that the arrow keys bring back. */
const HISTORY_LINES = 1_000;

/** Takes the cursor `rowCount` rows up and to the first column, and wipes from there on. */
function wipeRows(rowCount: number): string {
  return `${rowCount > 0 ? `\u001b[${rowCount}A` : ''}\r\u001b[J`;
}

/**
 * A console on a terminal: line editing by readline, and lines that arrive while somebody types
 * appear above what is typed.
 *
 * What is typed is drawn on the screen only while it is asked for and not hidden: keys that come
 * earlier are kept and drawn with their prompt, so a password typed ahead is never shown. Only lines
 * of questions that `complete` are remembered: a history of all would bring a password back.
 */
export class TerminalConsole implements ClientConsole {
  readonly isTerminal = true;
  readonly #streams: TerminalStreams;
  /** Where prompts and typed text are drawn; undefined when neither output is a screen. */
  readonly #screen: TerminalOutput | undefined;
  readonly #interface: Interface;
  readonly #ahead: string[] = [];
  #isEchoing = false;
  /** What is asked now. */
  #question: Question | undefined;
  #hasEnded = false;
  #answer: ((line: string | undefined) => void) | undefined;

  /** `onInterrupt` is each Ctrl-C, which on a terminal in this mode is a key and no signal. */
  constructor(streams: TerminalStreams, onInterrupt: () => void) {
    this.#streams = streams;
    const { input, output, errors } = streams;
    this.#screen = [output, errors].find(({ isTTY }) => isTTY === true);
    this.#interface = createInterface({
      input,
      output: this.#echo(),
      terminal: true,
      historySize: HISTORY_LINES,
      completer: (line: string): [string[], string] => {
        const { words, typed } = this.#question?.complete?.(line) ?? { words: [], typed: line };
        return [[...words], typed];
      },
    });
    this.#interface.on('history', (history) => {
      if (this.#question?.complete === undefined) history.shift();
    });
    this.#interface.on('line', (line) => {
      this.#onLine(line);
    });
    this.#interface.on('close', () => {
      this.#hasEnded = true;
      // What is shown next does not belong behind a prompt that nobody answers.
      if (this.#answer !== undefined) this.#screen?.write('\n');
      this.#give(undefined);
    });
    this.#interface.on('SIGINT', onInterrupt);
  }

  ask(prompt: SafeText, question: Question = {}): Promise<string | undefined> {
    const line = this.#ahead.shift();
    if (line !== undefined) {
      this.#screen?.write(`${prompt}${question.isHidden === true ? '' : line}\n`);
      const hasRoomAgain = this.#ahead.length === MAX_LINES_AHEAD - 1;
      if (hasRoomAgain && !this.#hasEnded) this.#interface.resume();
      return Promise.resolve(line);
    }
    if (this.#hasEnded) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#question = question;
      this.#interface.setPrompt(prompt);
      this.#drawPrompt();
    });
  }

  print(line: SafeText): void {
    this.#showAbove(line, this.#streams.output);
  }

  warn(line: SafeText): void {
    this.#showAbove(line, this.#streams.errors);
  }

  close(): void {
    this.#interface.close();
  }

  /** What readline draws on: it reaches the screen only while echoing. */
  #echo(): Writable {
    const screen = this.#screen;
    const echo = new Writable({
      write: (chunk: Uint8Array, _encoding, done): void => {
        if (this.#isEchoing) screen?.write(chunk);
        done();
      },
    });
    // readline asks its output how wide a line is, and draws again when that changes.
    Object.defineProperty(echo, 'columns', { get: () => screen?.columns });
    screen?.on('resize', () => echo.emit('resize'));
    return echo;
  }

  get #isHidden(): boolean {
    return this.#question?.isHidden === true;
  }

  #onLine(line: string): void {
    if (this.#answer !== undefined) {
      if (this.#isHidden) this.#screen?.write('\n');
      this.#give(line);
      return;
    }
    this.#ahead.push(line);
    if (this.#ahead.length >= MAX_LINES_AHEAD) this.#interface.pause();
  }

  #give(line: string | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    this.#isEchoing = false;
    this.#question = undefined;
    answer?.(line);
  }

  /** The prompt, and behind it what was typed already, from the row where the cursor is. */
  #drawPrompt(): void {
    if (this.#isHidden) {
      this.#screen?.write(this.#interface.getPrompt());
      this.#interface.resume();
      return;
    }
    this.#isEchoing = true;
    // readline goes up by the rows it believes to have drawn, but what it drew is wiped, was typed
    // unseen, or was pasted, which it does not count. The property is public, if undocumented.
    (this.#interface as { prevRows?: number }).prevRows = 0;
    this.#interface.prompt(true);
  }

  #showAbove(line: SafeText, output: TerminalOutput): void {
    const isDrawnOver = this.#answer !== undefined && output.isTTY === true;
    if (!isDrawnOver) {
      output.write(`${line}\n`);
      return;
    }
    if (process.env['TERM'] === 'dumb') {
      const typed = this.#isHidden ? '' : this.#interface.line;
      output.write(`\n${line}\n${this.#interface.getPrompt()}${typed}`);
      return;
    }
    const { rows } = this.#isHidden ? { rows: 0 } : this.#interface.getCursorPos();
    output.write(`${wipeRows(rows)}${line}\n`);
    this.#drawPrompt();
  }
}
