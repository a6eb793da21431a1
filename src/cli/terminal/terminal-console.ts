import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ClientConsole, Completion, Question } from '../../chat/client.ts';
import { paint, takesColours, type Tone } from '../../text/tone.ts';
import { safeLine, type SafeText, safeText } from '../../text/safe-text.ts';
import type { InputHistory } from './input-history.ts';
import {
  canDraw,
  type CursorPlace,
  type FootPrompt,
  ScreenFoot,
  type TerminalOutput,
} from './screen-foot.ts';
import { candidateLines, commonBeginning } from './tab-candidates.ts';

export interface TerminalStreams {
  /** A terminal: it is read key by key, and echoes nothing by itself. */
  readonly input: NodeJS.ReadableStream & { setRawMode?(isRaw: boolean): unknown };
  readonly output: TerminalOutput;
  readonly errors: TerminalOutput;
}

export interface TerminalActions {
  /** Each Ctrl-C, which on a terminal in this mode is a key and no signal. */
  readonly onInterrupt: () => void;
  /** Ctrl-Z: stops this process until somebody continues it; `continued` is called then. */
  readonly stop: () => void;
  /** Of the lines of questions that `complete`. */
  readonly history?: InputHistory | undefined;
}

/** Lines typed or pasted before they are asked for; then the keyboard waits. */
export const MAX_LINES_AHEAD = 256;

/** How readline writes the end of a line that was entered. */
const NEWLINE = '\r\n';

/**
 * A console on a terminal: line editing by readline, and lines that arrive while somebody types
 * appear above what is typed, as bars do.
 *
 * What is typed is drawn on the screen only while it is asked for and not hidden: keys that come
 * earlier are kept and drawn with their prompt, so a password typed ahead is never shown. Only lines
 * of questions that `complete` are remembered: a history of all would bring a password back.
 */
export class TerminalConsole implements ClientConsole {
  readonly isTerminal = true;
  /** Where bars belong: on stderr, if that is a screen that can draw over itself. */
  readonly bars: ScreenFoot | undefined;
  readonly #streams: TerminalStreams;
  readonly #actions: TerminalActions;
  /** Where prompts and typed text are drawn; undefined when neither output is a screen. */
  readonly #screen: TerminalOutput | undefined;
  /** The end of that screen; undefined where its cursor does not move. */
  readonly #foot: ScreenFoot | undefined;
  readonly #interface: Interface;
  readonly #ahead: string[] = [];
  /** What the arrow keys bring back, the last one first. */
  readonly #remembered: string[];
  #isEchoing = false;
  /** What is asked now. */
  #question: Question | undefined;
  #hasEnded = false;
  #answer: ((line: string | undefined) => void) | undefined;
  /** The line whose candidates the next Tab shows. */
  #ambiguousLine: string | undefined;
  /** The screen belongs to the shell: this process was stopped. */
  #isAway = false;
  #isContinueDue = false;
  #isUnkeptTold = false;

  constructor(streams: TerminalStreams, actions: TerminalActions) {
    this.#streams = streams;
    this.#actions = actions;
    const { input, output, errors } = streams;
    const screen = [output, errors].find(({ isTTY }) => isTTY === true);
    this.#screen = screen;
    if (screen !== undefined && canDraw(screen, process.env)) {
      this.#foot = new ScreenFoot(screen, process.env, this.#prompt);
    }
    this.bars = errors.isTTY === true ? this.#foot : undefined;
    this.#remembered = [...(actions.history?.lines ?? [])].reverse();
    this.#interface = createInterface({
      input,
      output: this.#echo(),
      terminal: true,
      history: [...this.#remembered],
      historySize: Infinity,
      completer: (line: string, done: (error: null, found: [string[], string]) => void) => {
        void this.#complete(line).then((found) => {
          done(null, found);
        });
      },
    });
    this.#interface.on('history', (history) => {
      this.#remember(this.#interface.line);
      history.splice(0, history.length, ...this.#remembered);
    });
    this.#interface.on('line', (line) => {
      this.#onLine(line);
    });
    this.#interface.on('close', () => {
      this.#hasEnded = true;
      // What is shown next does not belong behind a prompt that nobody answers.
      if (this.#answer !== undefined) this.#leavePrompt();
      this.#give(undefined);
    });
    this.#interface.on('SIGINT', actions.onInterrupt);
    this.#interface.on('SIGTSTP', () => {
      this.#stop();
    });
  }

  ask(prompt: SafeText, question: Question = {}): Promise<string | undefined> {
    const line = this.#ahead.shift();
    if (line !== undefined) {
      const shown = `${prompt}${question.isHidden === true ? '' : line}`;
      if (this.#screen !== undefined) this.#showAbove(shown, this.#screen);
      const hasRoomAgain = this.#ahead.length === MAX_LINES_AHEAD - 1;
      if (hasRoomAgain && !this.#hasEnded) this.#interface.resume();
      return Promise.resolve(line);
    }
    if (this.#hasEnded) return Promise.resolve(undefined);
    this.#tellUnkept();
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#question = question;
      this.#interface.setPrompt(prompt);
      this.#drawPrompt();
    });
  }

  print(line: SafeText, tone?: Tone): void {
    this.#show(line, tone, this.#streams.output);
  }

  warn(line: SafeText, tone: Tone = 'caution'): void {
    this.#show(line, tone, this.#streams.errors);
  }

  close(): void {
    this.#interface.close();
    this.#foot?.close();
  }

  /** This process was stopped, by whomever, and goes on: the shell has had the terminal meanwhile. */
  readonly continued = (): void => {
    // What mode the terminal is in now is not what it was told last.
    this.#setRawMode(false);
    if (this.#hasEnded) return;
    this.#setRawMode(true);
    if (this.#isContinueDue) {
      this.#isContinueDue = false;
      return;
    }
    this.#isAway = false;
    if (this.#foot !== undefined) this.#foot.restore();
    else if (this.#answer !== undefined) this.#drawPrompt();
  };

  #stop(): void {
    this.#foot?.leave();
    this.#isAway = true;
    this.#setRawMode(false);
    this.#actions.stop();
    // Where there is no shell that could continue it, a process is not stopped.
    setImmediate(() => {
      if (!this.#isAway) return;
      this.continued();
      this.#isContinueDue = true;
    });
  }

  #setRawMode(isRaw: boolean): void {
    this.#streams.input.setRawMode?.(isRaw);
  }

  /** What readline draws on: it reaches the screen only while echoing. */
  #echo(): Writable {
    const screen = this.#screen;
    const echo = new Writable({
      decodeStrings: false,
      write: (chunk: string | Uint8Array, _encoding, done): void => {
        if (this.#isEchoing) {
          if (chunk.toString() === NEWLINE) this.#leavePrompt();
          else screen?.write(chunk);
        }
        done();
      },
    });
    // readline asks its output how wide a line is, at each key.
    const columns = (): number | undefined => {
      this.#foot?.refreshSize();
      return screen?.columns;
    };
    Object.defineProperty(echo, 'columns', { get: columns });
    // Where there is a foot it is drawn again as a whole.
    if (this.#foot === undefined) screen?.on('resize', () => echo.emit('resize'));
    return echo;
  }

  get #isHidden(): boolean {
    return this.#question?.isHidden === true;
  }

  readonly #prompt: FootPrompt = {
    place: (): CursorPlace | undefined => {
      if (this.#answer === undefined || this.#isAway) return undefined;
      if (!this.#isHidden) return this.#interface.getCursorPos();
      return { rows: 0, cols: this.#interface.getPrompt().length };
    },
    draw: () => {
      if (this.#answer !== undefined && !this.#hasEnded && !this.#isAway) this.#drawPrompt();
    },
  };

  #remember(line: string): void {
    const { history } = this.#actions;
    if (this.#question?.complete === undefined || history === undefined) return;
    if (line === this.#remembered[0] || !history.add(line)) return;
    this.#remembered.unshift(line);
    this.#remembered.splice(history.maxLines);
  }

  /** Once, before the next prompt. */
  #tellUnkept(): void {
    const unkept = this.#actions.history?.unkept;
    if (unkept === undefined || this.#isUnkeptTold) return;
    this.#isUnkeptTold = true;
    this.warn(safeLine`What you type is remembered for this run only: ${unkept.message}.`);
  }

  async #complete(line: string): Promise<[string[], string]> {
    const isSecond = this.#ambiguousLine === line;
    this.#ambiguousLine = undefined;
    const found = await this.#question?.complete?.(line);
    if (found === undefined) return [[], line];
    const { words, typed } = found;
    const common = commonBeginning(words);
    // A Tab that changes nothing shows at its second time what there is.
    const isChanged = common !== typed && common.length >= typed.length;
    if (isChanged) return [[common], typed];
    if (isSecond) this.#showCandidates(found);
    else this.#ambiguousLine = words.length > 1 ? line : undefined;
    return [[], typed];
  }

  #showCandidates(found: Completion): void {
    const screen = this.#screen;
    if (screen === undefined) return;
    for (const row of candidateLines(found, screen.columns)) this.#showAbove(safeText(row), screen);
  }

  #onLine(line: string): void {
    if (this.#answer !== undefined) {
      if (this.#isHidden) this.#leavePrompt();
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

  /** The prompt and what was typed stay where they are, and bars go on below. */
  #leavePrompt(): void {
    const screen = this.#screen;
    this.#isEchoing = false;
    if (this.#foot?.hasBars !== true) {
      screen?.write('\n');
      return;
    }
    const foot = this.#foot;
    foot.inOnePiece(() => {
      const answer = this.#answer;
      foot.above(() => {
        const typed = this.#isHidden ? '' : this.#interface.line;
        screen?.write(`${this.#interface.getPrompt()}${typed}\n`);
        this.#answer = undefined;
      });
      this.#answer = answer;
    });
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

  #show(line: SafeText, tone: Tone | undefined, output: TerminalOutput): void {
    this.#showAbove(takesColours(output, process.env) ? paint(line, tone) : line, output);
  }

  #showAbove(line: string, output: TerminalOutput): void {
    if (output.isTTY !== true) {
      output.write(`${line}\n`);
      return;
    }
    const foot = this.#foot;
    if (foot !== undefined) {
      const write = (): void => {
        foot.above(() => output.write(`${line}\n`));
      };
      if (output === this.#screen) foot.inOnePiece(write);
      else write();
      return;
    }
    if (this.#answer === undefined) {
      output.write(`${line}\n`);
      return;
    }
    const typed = this.#isHidden ? '' : this.#interface.line;
    output.write(`\n${line}\n${this.#interface.getPrompt()}${typed}`);
  }
}
