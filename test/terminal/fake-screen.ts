import { Writable } from 'node:stream';

/**
 * A terminal's screen as far as the client draws on it: characters, CR, LF, cursor up, down, right,
 * left, to a column, and erase below. It is as high as it needs to be, so nothing scrolls.
 */
export class FakeScreen extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
  written = '';
  readonly #rows: string[] = [''];
  readonly #cursor = { row: 0, column: 0 };

  constructor(columns: number, isTTY = true) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.isTTY = isTTY;
  }

  /** What stands on each row, without blanks at its end beyond the prompt's one. */
  get rows(): readonly string[] {
    return this.#rows.map((row) => row.replace(/ {2,}$/, ' '));
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return this.#cursor;
  }

  override _write(
    chunk: string | Uint8Array,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    this.written += text;

    for (const [token, count, verb] of text.matchAll(/\u001b\[(\d*)([A-Za-z])|[^]/gu)) {
      if (verb === undefined) this.#put(token);
      else this.#obey(verb, count === '' ? undefined : Number(count));
    }
    done();
  }

  #put(character: string): void {
    const { row, column } = this.#cursor;
    if (character === '\r') this.#cursor.column = 0;
    else if (character === '\n') this.#moveTo(row + 1, 0);
    else {
      // A full row wraps when the next character comes, as terminals do.
      if (column === this.columns) this.#moveTo(row + 1, 0);
      const at = this.#cursor;
      const line = this.#rows[at.row]!.padEnd(at.column);
      this.#rows[at.row] = line.slice(0, at.column) + character + line.slice(at.column + 1);
      at.column++;
    }
  }

  #obey(verb: string, count: number | undefined): void {
    const { row, column } = this.#cursor;
    const by = count ?? 1;
    switch (verb) {
      case 'A':
        this.#moveTo(Math.max(0, row - by), column);
        break;
      case 'B':
        this.#moveTo(row + by, column);
        break;
      case 'C':
        this.#moveTo(row, column + by);
        break;
      case 'D':
        this.#moveTo(row, Math.max(0, column - by));
        break;
      case 'G':
        this.#moveTo(row, by - 1);
        break;
      case 'J':
        this.#rows.length = row + 1;
        this.#rows[row] = this.#rows[row]!.slice(0, column);
        break;
      default:
        throw new Error(`the screen does not know ${verb}`);
    }
  }

  #moveTo(row: number, column: number): void {
    while (this.#rows.length <= row) this.#rows.push('');
    this.#cursor.row = row;
    this.#cursor.column = column;
  }
}
