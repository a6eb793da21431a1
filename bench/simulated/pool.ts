import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Job, keyOf, type Outcome, runJob } from './job.ts';

/** Processes that work at once, at most. */
export const MAX_PROCESSES = 2;

/**
 * Runs jobs in this order over a few processes, and tells each outcome as it comes. Without processes
 * they run here.
 */
export async function runJobs(
  jobs: readonly Job[],
  processCount: number,
  onOutcome: (job: Job, outcome: Outcome) => void,
): Promise<void> {
  const waiting = jobs.values();
  if (processCount === 0) {
    for (const job of waiting) onOutcome(job, runJob(job));
    return;
  }
  const count = Math.min(processCount, MAX_PROCESSES, jobs.length);
  // The iterator is shared: whoever is free takes the next.
  const work = async (): Promise<void> => {
    const worker = startWorker();
    try {
      for (const job of waiting) onOutcome(job, await runIn(worker, job));
    } finally {
      worker.kill();
    }
  };
  await Promise.all(Array.from({ length: count }, work));
}

function startWorker(): ChildProcess {
  return fork(join(import.meta.dirname, 'worker.ts'), { execArgv: ['--import', 'tsx'] });
}

async function runIn(worker: ChildProcess, job: Job): Promise<Outcome> {
  worker.send(job);
  const ended = new AbortController();
  try {
    const answer: unknown[] = await Promise.race([
      once(worker, 'message', { signal: ended.signal }),
      once(worker, 'exit', { signal: ended.signal }).then(([code]: unknown[]) => {
        throw new Error(`a worker ended (${String(code)}): ${keyOf(job)}`);
      }),
    ]);
    return answer[0] as Outcome;
  } finally {
    ended.abort();
  }
}
