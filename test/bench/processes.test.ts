import { expect, test } from 'vitest';
import type { Cell } from '../../bench/simulated/cell.ts';
import { type Job, keyOf, type Outcome } from '../../bench/simulated/job.ts';
import { runJobs } from '../../bench/simulated/pool.ts';

const cell: Cell = {
  rateMbitPerSec: 5,
  rttMs: 20,
  loss: 0.02,
  weather: 'clear',
  bufferBdp: 1,
  controller: 'bbr',
  hasProductCredit: false,
};
const jobs = [1, 2, 3].map((seed): Job => ({ kind: 'cell', cell, seconds: 2, seed }));

async function outcomesOf(processCount: number): Promise<unknown[]> {
  const outcomes = new Map<string, Outcome>();
  await runJobs(jobs, processCount, (job, outcome) => outcomes.set(keyOf(job), outcome));
  return jobs.map((job) => {
    const outcome = outcomes.get(keyOf(job))!;
    return { ...outcome, measures: { ...outcome.measures, wallSec: 0 } };
  });
}

test('two processes show exactly what one shows', async () => {
  expect(await outcomesOf(2)).toEqual(await outcomesOf(0));
});

test('a worker that ends is told with its job', async () => {
  const wrong = { ...cell, controller: 'nobody' } as unknown as Cell;
  const job: Job = { kind: 'cell', cell: wrong, seconds: 1, seed: 1 };
  await expect(runJobs([job], 1, () => undefined)).rejects.toThrow('--controller nobody');
});
