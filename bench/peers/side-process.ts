import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** Runs a command and says, on another descriptor, what CPU time it and its children have taken. */
const COUNTED = 'trap : TERM; "$@" 3>&-; code=$?; times >&3; exit $code';
/** After this long without an end a process that was told to end is killed. */
const STOP_MS = 3_000;
const POLL_MS = 5;
const SIGNAL_MS = 50;
/** As `/proc/net` writes it: TCP's LISTEN, and UDP without a peer. */
const LISTENING: readonly string[] = ['0A', '07'];
const SHOWN_ERROR_CHARACTERS = 300;

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  /** User and system, of the program and of all that it has started; NaN when its shell was killed. */
  readonly cpuSec: number;
}

/** One side's program, in a process group of its own. */
export class SideProcess {
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #isOver = false;
  #errors = '';

  constructor(command: readonly string[]) {
    this.#process = spawn('sh', ['-c', COUNTED, 'sh', ...command], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const [, stdout, stderr, counted] = this.#process.stdio;
    this.#lines = createInterface({ input: stdout! as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]();
    stderr!.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-SHOWN_ERROR_CHARACTERS);
    });
    this.ended = this.#end(text(counted! as NodeJS.ReadableStream));
  }

  /** What it has written to stderr last. */
  get errors(): string {
    return this.#errors.trim();
  }

  async #end(counted: Promise<string>): Promise<Ended> {
    const [code] = (await once(this.#process, 'exit')) as [number | null];
    this.#isOver = true;
    return { code, cpuSec: cpuSecOf(await counted) };
  }

  /** The next line that it prints; rejects when it ends without one. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error(`it ended early: ${this.errors}`);
    return next.value;
  }

  /** Until it listens on a port of its own network, whatever it prints. */
  async listens(protocol: 'tcp' | 'udp', port: number): Promise<void> {
    const isHeard = (child: number): boolean =>
      [protocol, `${protocol}6`].some((name) =>
        hasListener(quietly(`/proc/${child}/net/${name}`), port),
      );
    while (!this.#isOver) {
      if (childrenOf(this.#process.pid!).some(isHeard)) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`it ended early: ${this.errors}`);
  }

  /** Ends it, if it runs, once its own children are gone; kills it when it does not end. */
  async stop(patienceMs: number = STOP_MS): Promise<Ended> {
    const deadlineMs = performance.now() + patienceMs;
    while (!this.#isOver && performance.now() < deadlineMs) {
      const [program] = childrenOf(this.#process.pid!);
      if (program === undefined || childrenOf(program).length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const killAtMs = performance.now() + patienceMs;
    // More than once: between its fork and its program a child of the shell lets a signal by.
    const signals = setInterval(() => {
      this.#signal(performance.now() < killAtMs ? 'SIGTERM' : 'SIGKILL');
    }, SIGNAL_MS);
    this.#signal('SIGTERM');
    const ended = await this.ended;
    clearInterval(signals);
    return ended;
  }

  #signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.#isOver) process.kill(-this.#process.pid!, name);
  }
}

/** In a table of the kernel's sockets: whether one hears everybody on this port. */
export function hasListener(table: string, port: number): boolean {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').some((row) => {
    const [, local, , state] = row.trim().split(/\s+/);
    return local?.endsWith(ending) === true && LISTENING.includes(state ?? '');
  });
}

/** Of the second line of `times`: the children's, user and system, as `0m1.25s`. */
export function cpuSecOf(counted: string): number {
  const [user, system] = counted.trim().split('\n').at(-1)!.split(' ').map(seconds);
  return (user ?? NaN) + (system ?? NaN);
}

function seconds(told: string): number {
  const [, minutes, rest] = /^(\d+)m([\d.]+)s$/.exec(told) ?? [];
  return Number(minutes) * 60 + Number(rest);
}

function childrenOf(pid: number): number[] {
  return quietly(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Empty where there is no such file, or no longer. */
function quietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
