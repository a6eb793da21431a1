import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MisbehaviourCounters } from './misbehaving-socket.ts';

/** Longest wait for one line of a client. */
const MAX_WAIT_MS = 25_000;

/** Where the chat server is, and how to know it. */
export interface ServerPlace {
  readonly port: number;
  readonly fingerprint: string;
}

/** One person at a real `upd client` process: types lines, reads lines. */
export class Person {
  readonly name: string;
  readonly inbox: string;
  readonly #process: ChildProcess;
  readonly #countersPath: string;
  readonly #lines: string[] = [];
  readonly #exit: Promise<number>;
  /** Calls of `see` that wait for a line. */
  readonly #waiting: Set<() => void> = new Set();

  /** Starts the client; `seed` decides what its sockets do to which datagram. */
  constructor(name: string, folder: string, server: ServerPlace, seed: number) {
    this.name = name;
    this.inbox = join(folder, name);
    mkdirSync(this.inbox);
    this.#countersPath = join(folder, `${name}.json`);
    const entry = join(import.meta.dirname, 'chat-client.ts');
    const stateDir = join(folder, `${name} state`);
    const where = [String(server.port), server.fingerprint];
    const args = [entry, ...where, this.inbox, stateDir, String(seed), this.#countersPath];
    this.#process = spawn(process.execPath, ['--import', 'tsx', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        this.#wake();
      });
    }
    this.#exit = new Promise((resolve) => {
      this.#process.on('exit', (code) => {
        resolve(code ?? 1);
        this.#wake();
      });
    });
  }

  type(line: string): void {
    this.#process.stdin!.write(`${line}\n`);
  }

  /** The next line that holds `text`, not counting those a call returned before. */
  async see(text: string): Promise<string> {
    const deadline = performance.now() + MAX_WAIT_MS;
    for (;;) {
      const index = this.#lines.findIndex((line) => line.includes(text));
      if (index >= 0) return this.#lines.splice(index, 1)[0]!;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || this.#process.exitCode !== null) {
        throw new Error(`${this.name} never saw "${text}", but: ${this.#lines.join(' | ')}`);
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

  async logIn(password: string): Promise<void> {
    this.type(this.name);
    this.type(password);
    await this.see(`Welcome to updraft, ${this.name}!`);
  }

  /** Logs out; resolves with what the client's sockets did to its datagrams. */
  async leave(): Promise<MisbehaviourCounters> {
    this.type('OUT');
    await this.see(`Bye, ${this.name}!`);
    const code = await this.#exit;
    if (code !== 0) throw new Error(`${this.name}'s client ended with ${code}`);
    return JSON.parse(readFileSync(this.#countersPath, 'utf8')) as MisbehaviourCounters;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** For a demo that failed: leaves nothing running. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
