import { appendFile, open, rename } from 'node:fs/promises';

/** Lines are joined up to this length for one write, so that making a long file holds nobody up. */
const WRITE_CHARACTERS = 64 * 1024;

/** What a state file tells its owner. */
export interface StateFileEvents {
  /** `savedVersion` has grown. */
  readonly onSaved: () => void;
  readonly onError: (error: Error) => void;
}

/**
 * A text file that holds the current state, line by line.
 *
 * A change is announced with `rewrite` or `append`, which return a version; the file holds it once
 * `savedVersion` has reached that. Changes that come while a write runs share the next one. A
 * rewrite is atomic (temporary file, rename). An appended line is one write to the end. Nothing is
 * fsynced: the file is emptied at every start, so it need not survive the machine.
 *
 * A write that fails is reported and counts as saved, since a full disk must not silence the chat;
 * `retry` then writes the whole state again.
 */
export class StateFile {
  readonly #path: string;
  readonly #lines: () => Iterable<string>;
  readonly #events: StateFileEvents;
  #version = 0;
  #savedVersion = 0;
  #mustRewrite = false;
  #appended = '';
  #hasFailed = false;
  #running: Promise<void> | undefined;

  /** `lines` gives a snapshot of the whole state: it is drawn while the state changes. */
  constructor(path: string, lines: () => Iterable<string>, events: StateFileEvents) {
    this.#path = path;
    this.#lines = lines;
    this.#events = events;
  }

  get version(): number {
    return this.#version;
  }

  get savedVersion(): number {
    return this.#savedVersion;
  }

  /** Writes the state as it is at start; here an error is thrown. */
  async create(): Promise<void> {
    await this.#replace(this.#lines());
  }

  /** Any line may have changed. */
  rewrite(): number {
    this.#mustRewrite = true;
    return this.#change();
  }

  /** One line was added at the end, the others are as they were. */
  append(line: string): number {
    if (!this.#mustRewrite) this.#appended += line;
    return this.#change();
  }

  /** Tries again after an error; else nothing. */
  retry(): void {
    if (this.#hasFailed) this.rewrite();
  }

  /** Resolves when nothing is left to write. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  #change(): number {
    this.#version += 1;
    this.#running ??= this.#run();
    return this.#version;
  }

  async #run(): Promise<void> {
    // Everything that happens in this turn of the event loop shares the first write.
    await Promise.resolve();
    while (this.#savedVersion < this.#version) {
      const version = this.#version;
      try {
        await this.#write();
        this.#hasFailed = false;
      } catch (error) {
        // Of an append that failed some bytes may stand in the file: only a rewrite mends that.
        this.#hasFailed = this.#mustRewrite = true;
        this.#events.onError(error as Error);
      }
      this.#savedVersion = version;
      this.#events.onSaved();
    }
    this.#running = undefined;
  }

  async #write(): Promise<void> {
    // Taken in one turn: a line that is appended from here on is not in the snapshot.
    const snapshot = this.#mustRewrite ? this.#lines() : undefined;
    const appended = this.#appended;
    this.#mustRewrite = false;
    this.#appended = '';
    if (snapshot) await this.#replace(snapshot);
    else await appendFile(this.#path, appended);
  }

  async #replace(lines: Iterable<string>): Promise<void> {
    const temporary = `${this.#path}.new`;
    const file = await open(temporary, 'w', 0o644);
    try {
      let text = '';
      for (const line of lines) {
        text += line;
        if (text.length < WRITE_CHARACTERS) continue;
        await file.write(text);
        text = '';
      }
      if (text !== '') await file.write(text);
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path);
  }
}
