import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { TEST_FINGERPRINT } from '../chat/test-key.ts';

/** `upd` from the source, so that no build can be out of date. */
export const UPD: readonly string[] = [
  '--import',
  'tsx',
  resolve(import.meta.dirname, '../../src/cli/upd.ts'),
];

/** Longest wait for one line: two busy cores are slow. */
const MAX_WAIT_MS = 40_000;

export interface ClientProcessOptions {
  /** Behind the three arguments. */
  readonly flags?: readonly string[];
  readonly udpPort?: number;
  /** A new folder when absent. */
  readonly inbox?: string;
  /** Where keys of servers are kept; a new folder when absent. */
  readonly stateHome?: string;
  /** The server's key is not known from outside. */
  readonly trustsAtFirst?: boolean;
}

/** A real `upd client` process on pipes: a test types lines and waits for lines. */
export class ClientProcess {
  readonly inbox: string;
  readonly child: ChildProcess;
  /** Every line of stdout and of stderr so far. */
  readonly out: string[] = [];
  readonly errors: string[] = [];
  /** The exit code, or the signal that ended it, once both streams are read to their end. */
  readonly exit: Promise<number | NodeJS.Signals>;
  #seenOut = 0;
  #seenErrors = 0;
  #hasEnded = false;
  readonly #waiting: Set<() => void> = new Set();

  constructor(serverPort: number, options: ClientProcessOptions = {}) {
    this.inbox = options.inbox ?? temporaryFolder();
    const args = ['client', '127.0.0.1', `${serverPort}`, `${options.udpPort ?? 0}`];
    const trust = options.trustsAtFirst === true ? [] : ['--fingerprint', TEST_FINGERPRINT];
    const flags = ['--inbox', this.inbox, ...trust, ...(options.flags ?? [])];
    const env = { ...process.env, XDG_STATE_HOME: options.stateHome ?? temporaryFolder() };
    this.child = spawn(process.execPath, [...UPD, ...args, ...flags], { env, stdio: 'pipe' });
    for (const [stream, lines] of [
      [this.child.stdout!, this.out],
      [this.child.stderr!, this.errors],
    ] as const) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        this.#wake();
      });
    }
    this.child.stdin!.on('error', () => undefined); // the process may be gone: that is no fault
    this.exit = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.#hasEnded = true;
        this.#wake();
        resolve(code ?? signal!);
      });
    });
    onTestFinished(() => {
      this.child.kill('SIGKILL');
    });
  }

  /** A client whose user has logged in. */
  static async enter(
    serverPort: number,
    user: string,
    options: ClientProcessOptions = {},
  ): Promise<ClientProcess> {
    const client = new ClientProcess(serverPort, options);
    client.type(user, `${user}-pw`);
    await client.see('active');
    return client;
  }

  type(...lines: readonly string[]): void {
    this.child.stdin!.write(lines.map((line) => `${line}\n`).join(''));
  }

  /** End of input, behind `text` as it stands. */
  end(text = ''): void {
    this.child.stdin!.end(text);
  }

  /** The next line of stdout that holds `text`; those up to it are not seen again. */
  async see(text: string): Promise<string> {
    const at = await this.#find(this.out, () => this.#seenOut, text);
    this.#seenOut = at + 1;
    return this.out[at]!;
  }

  /** The same on stderr. */
  async warned(text: string): Promise<string> {
    const at = await this.#find(this.errors, () => this.#seenErrors, text);
    this.#seenErrors = at + 1;
    return this.errors[at]!;
  }

  /** Where a received file lies. */
  received(name: string): string {
    return join(this.inbox, name);
  }

  async #find(lines: readonly string[], from: () => number, text: string): Promise<number> {
    const deadlineMs = performance.now() + MAX_WAIT_MS;
    for (;;) {
      const at = lines.findIndex((line, index) => index >= from() && line.includes(text));
      if (at >= 0) return at;
      const leftMs = deadlineMs - performance.now();
      if (this.#hasEnded || leftMs <= 0) {
        const shown = [...this.out, '-- stderr', ...this.errors].join('\n');
        throw new Error(`"${text}" was never shown, but:\n${shown}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
