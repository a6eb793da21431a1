import { networkOf } from '../core/network-address.ts';

/** Each takes 32 MiB and a thread of the pool, which has four and serves the files too. */
export const MAX_JOBS_AT_ONCE = 2;
export const MAX_WAITING_JOBS = 256;
/** Of one network, so that a flood from one leaves the waiting list to others. */
export const MAX_WAITING_JOBS_PER_NETWORK = 64;

interface Line {
  readonly jobs: (() => Promise<void>)[];
  isRunning: boolean;
}

/**
 * Runs the costly password work: two jobs at once, of which one network has one, so that a flood from
 * one keeps no processor from the others; a bounded number waiting; and the networks that wait take
 * turns, so that many attempts from one delay an attempt from another by one job.
 */
export class PasswordQueue {
  /** By network, of those that wait or run; whose turn is next comes first. */
  readonly #lines: Map<string, Line> = new Map();
  #waitingCount = 0;
  #runningCount = 0;

  /** Undefined, and `work` is never called, when too many wait already. */
  run<Result>(address: string, work: () => Promise<Result>): Promise<Result> | undefined {
    const network = networkOf(address);
    const line = this.#lines.get(network) ?? { jobs: [], isRunning: false };
    if (this.#waitingCount >= MAX_WAITING_JOBS) return undefined;
    if (line.jobs.length >= MAX_WAITING_JOBS_PER_NETWORK) return undefined;
    return new Promise<Result>((resolve, reject) => {
      line.jobs.push(() => work().then(resolve, reject));
      this.#lines.set(network, line);
      this.#waitingCount += 1;
      this.#startNext();
    });
  }

  #startNext(): void {
    if (this.#runningCount >= MAX_JOBS_AT_ONCE) return;
    for (const [network, line] of this.#lines) {
      if (line.isRunning || line.jobs.length === 0) continue;
      const job = line.jobs.shift()!; // at most 64 stand there
      this.#waitingCount -= 1;
      this.#runningCount += 1;
      line.isRunning = true;
      void job().then(() => {
        this.#runningCount -= 1;
        line.isRunning = false;
        this.#lines.delete(network);
        if (line.jobs.length > 0) this.#lines.set(network, line); // behind those who wait
        this.#startNext();
      });
      return;
    }
  }
}
