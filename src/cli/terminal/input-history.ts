import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { safeText } from '../../text/safe-text.ts';

/** Lines that are kept. The file has at most as many again, until it is written anew. */
export const MAX_HISTORY_LINES = 1_000;
/** A longer line is not kept. */
export const MAX_HISTORY_CHARACTERS = 1_000;
/** More than such a file ever has; a line is at most three bytes a character and its end. */
const MAX_FILE_BYTES = 2 * MAX_HISTORY_LINES * (3 * MAX_HISTORY_CHARACTERS + 1);

/** Only its owner may read what somebody wrote. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * The lines that somebody has typed, in this run and in earlier ones, a line each in a file that only
 * its owner can read. Several programs may append to one file.
 *
 * A line that begins with a blank is not kept, as in a shell, nor one that is no plain text.
 */
export class InputHistory {
  readonly maxLines: number = MAX_HISTORY_LINES;
  readonly #path: string;
  #lines: string[] = [];
  /** Lines of the file; undefined when it is not written any more. */
  #fileLineCount: number | undefined;

  #unkept: Error | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#try(() => {
      mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
      this.#fileLineCount = this.#read();
    });
  }

  /** Why lines are kept for this run only, if so. */
  get unkept(): Error | undefined {
    return this.#unkept;
  }

  /** The last one last. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** False when it is not a line to be kept. */
  add(line: string): boolean {
    if (!isKept(line)) return false;
    this.#lines.push(line);
    this.#lines.splice(0, this.#lines.length - MAX_HISTORY_LINES);
    if (this.#fileLineCount === undefined) return true;
    this.#try(() => {
      if (this.#fileLineCount! >= 2 * MAX_HISTORY_LINES) this.#fileLineCount = this.#rewrite();
      else {
        appendFileSync(this.#path, `${line}\n`, { mode: FILE_MODE });
        this.#fileLineCount! += 1;
      }
    });
    return true;
  }

  /** Gives the lines of the file. */
  #read(): number {
    const stat = statSync(this.#path, { throwIfNoEntry: false });
    if (stat === undefined) return 0;
    if (!stat.isFile() || stat.size > MAX_FILE_BYTES) {
      throw new Error(`${this.#path} is no history`);
    }
    if ((stat.mode & 0o777) !== FILE_MODE) chmodSync(this.#path, FILE_MODE);
    const text = readFileSync(this.#path, 'utf8');
    const lines = text.split('\n');
    const rest = lines.pop();
    this.#lines = lines.filter(isKept).slice(-MAX_HISTORY_LINES);
    // Whoever wrote the last line did not come to its end.
    const isWhole = rest === '' && lines.length <= 2 * MAX_HISTORY_LINES;
    return isWhole ? lines.length : this.#rewrite();
  }

  /** Gives the lines of the new file. */
  #rewrite(): number {
    const temporary = `${this.#path}.new-${process.pid}`;
    writeFileSync(temporary, this.#lines.map((line) => `${line}\n`).join(''), { mode: FILE_MODE });
    renameSync(temporary, this.#path);
    return this.#lines.length;
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fileLineCount = undefined;
      this.#unkept = error as Error;
    }
  }
}

function isKept(line: string): boolean {
  return (
    line.trim() !== '' &&
    !line.startsWith(' ') &&
    line.length <= MAX_HISTORY_CHARACTERS &&
    safeText(line) === line
  );
}
