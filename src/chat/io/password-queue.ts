import { networkOf } from '../core/network-address.ts';
import type { Clock } from './clock.ts';

/** Each takes 32 MiB and a thread of the pool, which has four and serves the files too. */
export const MAX_JOBS_AT_ONCE = 2;
export const MAX_WAITING_JOBS = 256;
/** Of one network, so that a flood from one leaves the waiting list to others. */
export const MAX_WAITING_JOBS_PER_NETWORK = 64;
/** After a job that came to nothing its network waits so many times as long as the job took. */
export const REST_FACTOR = 2;

interface Line {
  readonly jobs: (() => Promise<void>)[];
  /** Its job runs, or it rests from one. */
  isHeld: boolean;
}

/**
 * Runs the costly password work: two jobs at once, a bounded number waiting, and the networks that
 * wait take turns, so that many attempts from one delay an attempt from another by one job. One
 * network has one job at a time and rests after those that were `wasted`: a flood of guesses takes
 * a third of one processor, and the rest is everybody else's.
 */
export class PasswordQueue {
  readonly #clock: Clock;
  /** By network, of those that wait, run or rest; whose turn is next comes first. */
  readonly #lines: Map<string, Line> = new Map();
  #waitingCount = 0;
  #runningCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined, and `work` is never called, when too many wait already. */
  run<Result>(
    address: string,
    work: () => Promise<Result>,
    isWasted: (result: Result) => boolean,
  ): Promise<Result> | undefined {
    const network = networkOf(address);
    const line = this.#lines.get(network) ?? { jobs: [], isHeld: false };
    if (this.#waitingCount >= MAX_WAITING_JOBS) return undefined;
    if (line.jobs.length >= MAX_WAITING_JOBS_PER_NETWORK) return undefined;
    return new Promise<Result>((resolve, reject) => {
      line.jobs.push(async () => {
        const startMs = this.#clock.monotonicMs();
        let restMs = 0;
        await work().then((result) => {
          if (isWasted(result)) restMs = REST_FACTOR * (this.#clock.monotonicMs() - startMs);
          resolve(result);
        }, reject);
        this.#runningCount -= 1;
        this.#release(network, line, restMs);
      });
      this.#lines.set(network, line);
      this.#waitingCount += 1;
      this.#startNext();
    });
  }

  #startNext(): void {
    if (this.#runningCount >= MAX_JOBS_AT_ONCE) return;
    for (const line of this.#lines.values()) {
      if (line.isHeld) continue;
      line.isHeld = true;
      this.#waitingCount -= 1;
      this.#runningCount += 1;
      const [job] = line.jobs.splice(0, 1); // at most 64 stand there
      void job?.();
      return;
    }
  }

  #release(network: string, line: Line, restMs: number): void {
    if (restMs > 0) {
      this.#clock.after(restMs, () => {
        this.#release(network, line, 0);
      });
    } else {
      line.isHeld = false;
      this.#lines.delete(network);
      if (line.jobs.length > 0) this.#lines.set(network, line); // behind those who wait
    }
    this.#startNext();
  }
}
