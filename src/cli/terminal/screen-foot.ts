import type { Writable } from 'node:stream';
import { columnsOf } from '../../text/columns.ts';
import { paint, takesColours, type Tone } from '../../text/tone.ts';

/** An output that may be a screen. */
export type TerminalOutput = Writable & {
  readonly isTTY?: boolean;
  /** How wide and how high it is now. */
  readonly columns?: number;
  readonly rows?: number;
  /** Asks the system how large it is, and emits `resize` if that is news; public, if undocumented. */
  _refreshSize?(): void;
};

const USUAL_COLUMNS = 80;
const USUAL_ROWS = 24;

/** One row of a screen; its tone is its colour where there are colours. */
export interface Bar {
  /** Of fewer columns than the screen has. */
  readonly text: string;
  readonly tone?: Tone | undefined;
}

/** Where bars are shown. */
export interface BarBoard {
  readonly columns: number;
  /** How many bars there is room for. */
  readonly room: number;
  /** In place of those that are shown. */
  show(bars: readonly Bar[]): void;
}

/** Where a cursor is, counted from the first column of the first row of a prompt. */
export interface CursorPlace {
  readonly rows: number;
  readonly cols: number;
}

/** A prompt, and behind it what is typed. */
export interface FootPrompt {
  /** Undefined while it is not on the screen. */
  place(): CursorPlace | undefined;
  /** Draws it from where the cursor is, which is the first column of a row; nothing when there is none. */
  draw(): void;
}

const NO_PROMPT: FootPrompt = { place: () => undefined, draw: () => undefined };

/** Whether what was drawn can be drawn over: on a screen whose cursor moves. */
export function canDraw(
  output: TerminalOutput,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return output.isTTY === true && environment['TERM'] !== 'dumb';
}

/**
 * The end of a screen, which is drawn over again and again while lines come to stay above it.
 *
 * ```
 *   #1, derek: "hi", posted at …       stays
 *   #3 to jess: movie.mp4  [###--]     bars
 *   #4 from jess: a.zip  [#----]
 *   > MSG hel▮                         the prompt, which somebody else draws
 * ```
 *
 * Without a prompt the cursor stands in the first column below the bars. What changes is written over,
 * in one piece, and only wiped where it moves: nothing flickers. A screen that has become narrower has
 * folded its rows, which is counted with.
 */
export class ScreenFoot implements BarBoard {
  readonly #screen: TerminalOutput;
  readonly #prompt: FootPrompt;
  readonly #hasColours: boolean;
  #bars: readonly Bar[] = [];
  readonly #onResize = (): void => {
    this.inOnePiece(() => {
      this.#wipe();
      this.#draw();
    });
  };

  constructor(
    screen: TerminalOutput,
    environment: Readonly<Record<string, string | undefined>>,
    prompt: FootPrompt = NO_PROMPT,
  ) {
    this.#screen = screen;
    this.#prompt = prompt;
    this.#hasColours = takesColours(screen, environment);
    screen.on('resize', this.#onResize);
  }

  get columns(): number {
    return this.#screen.columns ?? USUAL_COLUMNS;
  }

  get room(): number {
    // One row more stays for the line above.
    const promptRows = (this.#prompt.place()?.rows ?? 0) + 1;
    return Math.max(0, (this.#screen.rows ?? USUAL_ROWS) - promptRows - 1);
  }

  get hasBars(): boolean {
    return this.#bars.length > 0;
  }

  /**
   * Learns now of a size whose signal is still on its way: until it comes through, a busy process would
   * draw on rows that the terminal has folded otherwise meanwhile.
   */
  refreshSize(): void {
    this.#screen._refreshSize?.();
  }

  show(bars: readonly Bar[]): void {
    this.refreshSize();
    const isInPlace =
      bars.length === this.#bars.length && this.#barRows === bars.length && bars.length > 0;
    if (!isInPlace) {
      this.inOnePiece(() => {
        this.#wipe();
        this.#bars = bars;
        this.#draw();
      });
      return;
    }
    this.#bars = bars;
    const { rows, cols } = this.#prompt.place() ?? { rows: 0, cols: 0 };
    const lines = bars.map((bar) => `${this.#painted(bar)}\u001b[K`).join('\n');
    const forth = cols > 0 ? `\u001b[${cols}C` : '';
    this.#screen.write(`${up(bars.length + rows)}\r${lines}\r\u001b[${rows + 1}B${forth}`);
  }

  /** Calls `write`, which writes whole lines, to this stream or to another one of the same screen. */
  above(write: () => void): void {
    this.refreshSize();
    this.#wipe();
    write();
    this.#draw();
  }

  /** What `draw` writes to this stream leaves in one piece. */
  inOnePiece(draw: () => void): void {
    this.#screen.cork();
    try {
      draw();
    } finally {
      this.#screen.uncork();
    }
  }

  /** Wipes all of it until `restore`: the screen is somebody else's. */
  leave(): void {
    this.#wipe();
  }

  /** Draws it from the first column of the row where the cursor is. */
  restore(): void {
    this.inOnePiece(() => {
      this.#draw();
    });
  }

  /** Wipes the bars for ever. */
  close(): void {
    this.#screen.off('resize', this.#onResize);
    if (this.hasBars) this.show([]);
  }

  get #barRows(): number {
    const { columns } = this;
    return this.#bars.reduce(
      (sum, { text }) => sum + Math.max(1, Math.ceil(columnsOf(text) / columns)),
      0,
    );
  }

  #wipe(): void {
    const place = this.#prompt.place();
    if (place === undefined && !this.hasBars) return;
    this.#screen.write(`${up(this.#barRows + (place?.rows ?? 0))}\r\u001b[J`);
  }

  #draw(): void {
    if (this.hasBars) {
      this.#screen.write(this.#bars.map((bar) => `${this.#painted(bar)}\n`).join(''));
    }
    this.#prompt.draw();
  }

  #painted({ text, tone }: Bar): string {
    return this.#hasColours ? paint(text, tone) : text;
  }
}

function up(rows: number): string {
  return rows > 0 ? `\u001b[${rows}A` : '';
}
