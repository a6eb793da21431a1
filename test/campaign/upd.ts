import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const HOOK = resolve(import.meta.dirname, 'disk-hook.mjs');
/** Longest wait for a line or an end: busy cores are slow, at idle priority more so. */
const MAX_WAIT_MS = 600_000;

export interface UpdOptions {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What `buildUpd` gave. */
  readonly program: string;
}

/** A process of `upd` with the disk hook in it, and its lines. */
export class Upd {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  /** Its exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>;
  hasEnded = false;
  #onNews: () => void = () => undefined;

  constructor({ args, environment, program }: UpdOptions) {
    this.child = spawn(process.execPath, ['--import', HOOK, program, ...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const [stream, lines] of [
      [this.child.stdout!, this.lines],
      [this.child.stderr!, this.errors],
    ] as const) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        this.#onNews();
      });
    }
    this.exit = new Promise((onExit) => {
      this.child.once('close', (code, signal) => {
        this.hasEnded = true;
        this.#onNews();
        onExit(code ?? signal!);
      });
    });
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.child.kill(signal);
  }

  /** The first line of stdout that holds `text`; undefined when it ends without one. */
  async line(text: string): Promise<string | undefined> {
    const endMs = performance.now() + MAX_WAIT_MS;
    for (;;) {
      const found = this.lines.find((line) => line.includes(text));
      if (found !== undefined || this.hasEnded) return found;
      if (performance.now() > endMs) throw new Error(`no line with "${text}": ${this.shown}`);
      await new Promise<void>((onNews) => {
        const timer = setTimeout(onNews, 1_000);
        this.#onNews = () => {
          clearTimeout(timer);
          onNews();
        };
      });
    }
  }

  /** As `exit`, but within the longest wait. */
  async ended(): Promise<number | NodeJS.Signals> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`it does not end: ${this.shown}`));
      }, MAX_WAIT_MS);
    });
    return Promise.race([this.exit, tooLate]).finally(() => {
      clearTimeout(timer);
    });
  }

  get shown(): string {
    return [...this.lines.slice(-5), ...this.errors.slice(-5)].join('\n');
  }
}
