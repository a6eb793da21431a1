import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { inject, onTestFinished } from 'vitest';

const TOP = resolve(import.meta.dirname, '../..');

/** `upd`, compiled from the source when the tests began. */
export const UPD: readonly string[] = [inject('upd')];

export interface UpdProcessOptions {
  /** Another `upd`: of another version, or one that lies. */
  readonly program?: string;
  /** Whose process it is: root may read and write what nobody may. */
  readonly uid?: number;
  /** Network namespace that it runs in; needs root and `ip`. */
  readonly namespace?: string;
}

/** Longest wait for one line: two busy cores are slow. */
const MAX_WAIT_MS = 40_000;

/** A real `upd` process on pipes: a test types lines and waits for lines. */
export class UpdProcess {
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

  /** `environment` is added to this process's. */
  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    { program, uid, namespace }: UpdProcessOptions = {},
  ) {
    const node = [process.execPath, ...(program === undefined ? UPD : [program]), ...args];
    // `ip` becomes the program: its process and its streams are the same.
    const into = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    const [command, ...rest] = [...into, ...node];
    this.child = spawn(command!, rest, {
      env: { ...process.env, ...environment },
      stdio: 'pipe',
      cwd: TOP,
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
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
