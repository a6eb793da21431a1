import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { TEST_FINGERPRINT } from '../chat/test-key.ts';
import { UPD } from './upd-process.ts';

export const hasTmux: boolean = spawnSync('tmux', ['-V']).status === 0;
const MAX_WAIT_MS = 20_000;
const POLL_MS = 30;

export interface TmuxOptions {
  readonly columns?: number;
  /** Beside what the tests themselves have. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Behind the command: where its output goes. */
  readonly redirection?: string;
  readonly flags?: readonly string[];
}

/** The command line of a client, for a shell. */
export function clientLine(serverPort: number, options: TmuxOptions = {}): string {
  const { environment = {}, redirection = '', flags = [] } = options;
  const client = ['client', '127.0.0.1', `${serverPort}`, '0', '--inbox', temporaryFolder()];
  const state = { XDG_STATE_HOME: temporaryFolder(), ...environment };
  const settings = Object.entries(state).map(([name, value]) => `${name}=${value}`);
  const trust = ['--fingerprint', TEST_FINGERPRINT, ...flags];
  const words = ['env', ...settings, process.execPath, ...UPD, ...client, ...trust];
  return `${words.map((word) => `'${word}'`).join(' ')} ${redirection}`;
}

/** A real terminal with a shell command in it: a test types keys and reads the screen. */
export class TmuxTerminal {
  readonly #socket = `updraft-${randomBytes(6).toString('hex')}`;

  constructor(command: string, columns = 60) {
    this.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', `${columns}`, '-y', '30', command);
    onTestFinished(() => {
      this.#tmux('kill-server');
    });
  }

  /** A client, and behind it its exit code: tmux itself loses one now and then. */
  static withClient(serverPort: number, options: TmuxOptions = {}): TmuxTerminal {
    const line = `${clientLine(serverPort, options)}; echo exit code $?; exec sleep 1000`;
    return new TmuxTerminal(line, options.columns);
  }

  /** A client whose user has logged in. */
  static async enter(
    serverPort: number,
    user: string,
    options: TmuxOptions = {},
  ): Promise<TmuxTerminal> {
    const terminal = TmuxTerminal.withClient(serverPort, options);
    await terminal.logIn(user);
    return terminal;
  }

  async logIn(user: string): Promise<void> {
    await this.endsWith('Username:');
    this.type(user);
    this.press('Enter');
    await this.endsWith('Password:');
    this.type(`${user}-pw`);
    this.press('Enter');
    await this.endsWith('>');
  }

  get rows(): readonly string[] {
    const rows = this.#tmux('capture-pane', '-p').split('\n');
    return rows.map((row) => row.trimEnd()).filter((row) => row !== '');
  }

  /** What stood above the window too, rows that a narrow window has folded joined again. */
  get text(): string {
    return this.#tmux('capture-pane', '-p', '-J', '-S', '-');
  }

  /** Keys as they stand; `press` is for keys that have a name. */
  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  resize(columns: number): void {
    this.#tmux('resize-window', '-x', `${columns}`);
  }

  /** All that is written from now on goes to this file too. */
  copyTo(path: string): void {
    this.#tmux('pipe-pane', '-o', `cat >> '${path}'`);
  }

  /** Waits until the last row is `row`. */
  async endsWith(row: string): Promise<void> {
    await this.until(() => this.rows.at(-1) === row, row);
  }

  async shows(text: string): Promise<void> {
    await this.until(() => this.rows.join('\n').includes(text), text);
  }

  /** The exit code. */
  async exit(): Promise<number> {
    const codeIn = (row = ''): string | undefined => /^exit code (\d+)$/.exec(row)?.[1];
    await this.until(() => codeIn(this.rows.at(-1)) !== undefined, 'an exit code');
    return Number(codeIn(this.rows.at(-1)));
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    for (let waitedMs = 0; waitedMs < MAX_WAIT_MS; waitedMs += POLL_MS) {
      if (holds()) return;
      await pause(POLL_MS);
    }
    throw new Error(`${what} did not come, but:\n${this.rows.join('\n')}`);
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8' });
  }
}
