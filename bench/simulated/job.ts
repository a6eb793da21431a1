import { argumentsOf, type Cell } from './cell.ts';
import { type Contest, type ContestMeasures, measureContest } from './contest.ts';
import { measureCell, type Measures } from './measures.ts';
import { measureTransfer, type Transfer, type TransferMeasures } from './transfer.ts';

/** One run of one thing, which any process can do. */
export type Job =
  | { readonly kind: 'cell'; readonly cell: Cell; readonly seconds: number; readonly seed: number }
  | { readonly kind: 'contest'; readonly contest: Contest; readonly seed: number }
  | { readonly kind: 'transfer'; readonly transfer: Transfer; readonly seed: number };

/** What a job has shown. */
export type Outcome =
  | { readonly kind: 'cell'; readonly cell: Cell; readonly measures: Measures }
  | { readonly kind: 'contest'; readonly contest: Contest; readonly measures: ContestMeasures }
  | { readonly kind: 'transfer'; readonly transfer: Transfer; readonly measures: TransferMeasures };

/** Unique to a job; the same in every run of the bench. */
export function keyOf(job: Job): string {
  switch (job.kind) {
    case 'cell':
      return `${argumentsOf(job.cell)} --seconds ${job.seconds} seed ${job.seed}`;
    case 'contest':
      return `${job.contest.name}, buffer ${job.contest.path.queueBdp} seed ${job.seed}`;
    case 'transfer':
      return `${job.transfer.name} seed ${job.seed}`;
  }
}

export function runJob(job: Job): Outcome {
  const { seed } = job;
  switch (job.kind) {
    case 'cell':
      return {
        kind: 'cell',
        cell: job.cell,
        measures: measureCell(job.cell, job.seconds, seed),
      };
    case 'contest':
      return { kind: 'contest', contest: job.contest, measures: measureContest(job.contest, seed) };
    case 'transfer':
      return {
        kind: 'transfer',
        transfer: job.transfer,
        measures: measureTransfer(job.transfer, seed),
      };
  }
}

/** Outcomes come as processes end: here in the order of the jobs, then those of other jobs. */
export function inOrder(jobs: readonly Job[], outcomes: ReadonlyMap<string, Outcome>): Outcome[] {
  const keys = new Set([...jobs.map(keyOf).filter((key) => outcomes.has(key)), ...outcomes.keys()]);
  return [...keys].map((key) => outcomes.get(key)!);
}
