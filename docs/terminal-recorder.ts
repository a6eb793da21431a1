import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const MAX_WAIT_MS = 15_000;
const POLL_MS = 50;

export interface RecorderOptions {
  readonly columns: number;
  readonly rows: number;
  /** Where the shell begins. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A shell on a real terminal, that of tmux: a script types and waits for what is shown. */
export class TerminalRecorder {
  readonly #socket = `updraft-${randomBytes(6).toString('hex')}`;

  constructor({ columns, rows, folder, environment }: RecorderOptions) {
    const variables = Object.entries({ ...environment, PS1: '$ ', LC_ALL: 'C.UTF-8' }).map(
      ([name, value]) => `${name}=${value}`,
    );
    const shell = ['env', ...variables, 'bash', '--norc', '--noprofile'];
    const size = ['-x', `${columns}`, '-y', `${rows}`];
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, '-c', folder, ...shell);
    this.#tmux('set-option', '-g', 'status', 'off');
  }

  /** Keys as they stand. */
  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  /** Keys as they stand, and Enter. */
  enter(text: string): void {
    this.type(text);
    this.#tmux('send-keys', 'Enter');
  }

  clear(): void {
    this.#tmux('send-keys', 'C-l');
  }

  /** Waits until the screen shows it; blanks at the end of a line are not there. */
  async see(pattern: RegExp): Promise<void> {
    for (const end = performance.now() + MAX_WAIT_MS; performance.now() < end;) {
      if (pattern.test(this.#tmux('capture-pane', '-p'))) return;
      await pause(POLL_MS);
    }
    throw new Error(`never seen: ${pattern.source}, but:\n${this.#tmux('capture-pane', '-p')}`);
  }

  /** The screen with its colours, as SGR sequences; no empty line at the end. */
  screen(): readonly string[] {
    return this.#tmux('capture-pane', '-p', '-e').trimEnd().split('\n');
  }

  close(): void {
    this.#tmux('kill-server');
  }

  #tmux(...words: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...words], { encoding: 'utf8' });
  }
}
