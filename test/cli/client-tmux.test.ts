import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/chat/io/clock.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { TEST_FINGERPRINT } from '../chat/test-key.ts';
import { ClientProcess, UPD } from './client-process.ts';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const MAX_WAIT_MS = 20_000;
const POLL_MS = 50;

/** A client on a real terminal of 60 columns: a test types keys and reads the screen. */
class Terminal {
  readonly #socket = `updraft-${randomBytes(6).toString('hex')}`;

  constructor(serverPort: number) {
    const client = ['client', '127.0.0.1', `${serverPort}`, '0', '--inbox', temporaryFolder()];
    const state = `XDG_STATE_HOME=${temporaryFolder()}`;
    const trust = ['--fingerprint', TEST_FINGERPRINT];
    const words = ['env', state, process.execPath, ...UPD, ...client, ...trust].map(
      (word) => `'${word}'`,
    );
    // The exit code goes to the screen: tmux itself loses one now and then.
    const line = `${words.join(' ')}; echo exit code $?; exec sleep 1000`;
    this.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', '60', '-y', '30', line);
    onTestFinished(() => {
      this.#tmux('kill-server');
    });
  }

  get rows(): readonly string[] {
    const rows = this.#tmux('capture-pane', '-p').split('\n');
    return rows.map((row) => row.trimEnd()).filter((row) => row !== '');
  }

  /** Keys as they stand; `press` is for keys that have a name. */
  type(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  /** Waits until the last row is `row`. */
  async endsWith(row: string): Promise<void> {
    await this.#until(() => this.rows.at(-1) === row, row);
  }

  async shows(text: string): Promise<void> {
    await this.#until(() => this.rows.join('\n').includes(text), text);
  }

  /** The exit code. */
  async exit(): Promise<number> {
    const codeIn = (row = ''): string | undefined => /^exit code (\d+)$/.exec(row)?.[1];
    await this.#until(() => codeIn(this.rows.at(-1)) !== undefined, 'an exit code');
    return Number(codeIn(this.rows.at(-1)));
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
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

async function enterTerminal(serverPort: number): Promise<Terminal> {
  const terminal = new Terminal(serverPort);
  await terminal.endsWith('Username:');
  terminal.type('jess');
  terminal.press('Enter');
  await terminal.endsWith('Password:');
  terminal.type('jess-pw');
  terminal.press('Enter');
  await terminal.endsWith('>');
  return terminal;
}

test.skipIf(!hasTmux)(
  'on a real terminal (left out without tmux) no password shows, and a message leaves the typed line as it was',
  async () => {
    const { server } = await startFixture({ clock: systemClock });
    const derek = await ClientProcess.enter(server.port, 'derek');
    const terminal = await enterTerminal(server.port);
    expect(terminal.rows.join('\n')).toContain('Username: jess\nPassword:\nWelcome to updraft');
    terminal.type('MSG a line that is longer than the sixty columns of this terminal, hel');
    await terminal.shows('hel');
    derek.type('MSG hi');
    await terminal.shows('"hi", posted at');
    terminal.type('lo');
    await terminal.endsWith('erminal, hello');
    expect(terminal.rows.at(-2)).toBe(
      '> MSG a line that is longer than the sixty columns of this t',
    );
    expect(terminal.rows.at(-3)).toMatch(/^#1, derek: "hi", posted at /);
    terminal.press('Enter');
    await terminal.shows('Message #2 posted');
    expect(await derek.see('sixty')).toContain('"a line that is longer than the sixty columns');
    terminal.press('Up');
    await terminal.endsWith('erminal, hello');
    expect(terminal.rows.join('\n')).not.toContain('jess-pw');
    terminal.press('C-u', 'C-d');
    expect(await terminal.exit()).toBe(0);
    await terminal.shows('Bye, jess!');
  },
);

test.skipIf(!hasTmux)(
  'on a real terminal (left out without tmux) Ctrl-C is exit 130, at the prompts too, and Ctrl-D there is exit 5',
  async () => {
    const { server, read } = await startFixture({ clock: systemClock });
    const inSession = await enterTerminal(server.port);
    inSession.press('C-c');
    expect(await inSession.exit()).toBe(130);
    expect(read('userlog.txt')).toBe('');
    const atPassword = new Terminal(server.port);
    await atPassword.endsWith('Username:');
    atPassword.type('jess');
    atPassword.press('Enter');
    await atPassword.endsWith('Password:');
    atPassword.press('C-c');
    expect(await atPassword.exit()).toBe(130);
    const atEnd = new Terminal(server.port);
    await atEnd.endsWith('Username:');
    atEnd.press('C-d');
    expect(await atEnd.exit()).toBe(5);
  },
);
