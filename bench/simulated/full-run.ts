import { type Job, keyOf } from './job.ts';
import type { Journal } from './journal.ts';
import { runJobs } from './pool.ts';

/** Runs the jobs that the journal does not hold yet, and says how far it is. */
export async function runRest(
  jobs: readonly Job[],
  journal: Journal,
  processCount: number,
  say: (line: string) => void,
): Promise<void> {
  const rest = jobs.filter((job) => !journal.outcomes.has(keyOf(job)));
  let doneCount = 0;
  await runJobs(rest, processCount, (job, outcome) => {
    journal.add(keyOf(job), outcome);
    say(`${++doneCount}/${rest.length} ${keyOf(job)}`);
  });
}
