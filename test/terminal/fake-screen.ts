import { Writable } from 'node:stream';

interface Row {
  text: string;
  /** It goes on in the next row: nobody wrote a newline. */
  isFolded: boolean;
}

/**
 * A terminal's screen as far as `upd` draws on it: characters, CR, LF, cursor up, down, right, left, to
 * a column, erase below and to the end of a row, and colours, which it only notes. It is as high as it
 * needs to be, so nothing scrolls. Made narrower or wider it folds its rows anew, as terminals do.
 */
export class FakeScreen extends Writable {
  readonly isTTY: boolean;
  columns: number;
  readonly rows: number;
  written = '';
  #rows: Row[] = [{ text: '', isFolded: false }];
  readonly #cursor = { row: 0, column: 0 };
  #foldedColumns: number;

  constructor(columns: number, isTTY = true, rows = 24) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.#foldedColumns = columns;
    this.isTTY = isTTY;
    this.rows = rows;
  }

  /** What stands on each row, without blanks at its end beyond the prompt's one. */
  get shown(): readonly string[] {
    return this.#rows.map(({ text }) => text.replace(/ {2,}$/, ' '));
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return this.#cursor;
  }

  /** Folds what stands there anew, then tells the program. */
  resize(columns: number): void {
    this.fold(columns);
    this._refreshSize();
  }

  /** Tells the program of a new size that it does not know yet. */
  _refreshSize(): void {
    if (this.columns === this.#foldedColumns) return;
    this.columns = this.#foldedColumns;
    this.emit('resize');
  }

  /** The same, and the program's signal is still on its way. */
  fold(columns: number): void {
    const rows: Row[] = [];
    const { row: oldRow, column: oldColumn } = this.#cursor;
    for (let first = 0; first < this.#rows.length; first++) {
      let line = '';
      let cursorAt: number | undefined;
      let row = first;
      for (; ; row++) {
        if (row === oldRow) cursorAt = line.length + oldColumn;
        line += this.#rows[row]!.text;
        if (!this.#rows[row]!.isFolded) break;
      }
      first = row;
      if (cursorAt !== undefined) {
        this.#cursor.row = rows.length + Math.floor(cursorAt / columns);
        this.#cursor.column = cursorAt % columns;
      }
      const foldCount = Math.max(1, Math.ceil(line.length / columns));
      for (let fold = 0; fold < foldCount; fold++) {
        const text = line.slice(fold * columns, (fold + 1) * columns);
        rows.push({ text, isFolded: fold < foldCount - 1 });
      }
    }
    this.#rows = rows;
    this.#foldedColumns = columns;
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
      if (column === this.#foldedColumns) {
        this.#rows[row]!.isFolded = true;
        this.#moveTo(row + 1, 0);
      }
      const at = this.#cursor;
      const line = this.#rows[at.row]!;
      const text = line.text.padEnd(at.column);
      line.text = text.slice(0, at.column) + character + text.slice(at.column + 1);
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
        this.#endRow(row, column);
        break;
      case 'K':
        this.#endRow(row, column);
        break;
      case 'm':
        break;
      default:
        throw new Error(`the screen does not know ${verb}`);
    }
  }

  #endRow(row: number, column: number): void {
    const line = this.#rows[row]!;
    line.text = line.text.slice(0, column);
    line.isFolded = false;
  }

  #moveTo(row: number, column: number): void {
    while (this.#rows.length <= row) this.#rows.push({ text: '', isFolded: false });
    this.#cursor.row = row;
    this.#cursor.column = column;
  }
}
