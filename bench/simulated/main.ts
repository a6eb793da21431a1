import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from './arguments.ts';
import { argumentsOf } from './cell.ts';
import { missLines, seedTable } from './cell-table.ts';
import { readEnvironment } from './environment.ts';
import { runRest } from './full-run.ts';
import { inOrder, keyOf, type Outcome } from './job.ts';
import { Journal } from './journal.ts';
import { measureCell } from './measures.ts';
import { fullJobs, smallJobs, wholePlan } from './plan.ts';
import { plots } from './plots.ts';
import { MAX_PROCESSES, runJobs } from './pool.ts';
import { cellsOf, fullReport, jsonReport, smallReport } from './report.ts';
import { summaryOf } from './summary.ts';

const RESULTS = join(import.meta.dirname, '../results');
const options = readArguments(process.argv.slice(2));

if (options.kind === 'cell') {
  const { cell, seconds, seedCount } = options;
  console.log(argumentsOf(cell));
  const runs = Array.from({ length: seedCount }, (_, nth) => measureCell(cell, seconds, nth + 1));
  console.log(seedTable(cell, runs));
  for (const line of missLines([summaryOf(cell, runs)])) console.log(`missed: ${line}`);
} else if (options.kind === 'small') {
  const jobs = smallJobs();
  const outcomes = new Map<string, Outcome>();
  await runJobs(jobs, MAX_PROCESSES, (job, outcome) => outcomes.set(keyOf(job), outcome));
  console.log(smallReport(inOrder(jobs, outcomes)));
} else {
  const environment = readEnvironment();
  const { commit, isDirty } = environment;
  const file = `journal-${isDirty ? 'dirty' : commit.slice(0, 12)}.jsonl`;
  const journal = new Journal(join(RESULTS, file), !isDirty);
  await runRest(fullJobs(options.plan), journal, MAX_PROCESSES, console.log);
  const outcomes = inOrder(fullJobs(wholePlan(options.plan.seedCount)), journal.outcomes);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, 'simulated.json'), jsonReport(environment, outcomes));
  writeFileSync(join(RESULTS, 'simulated.md'), fullReport(environment, outcomes));
  // Loaded by this run alone: it is large.
  const { svgOf } = await import('./line-plot.ts');
  for (const [name, plot] of Object.entries(plots(cellsOf(outcomes)))) {
    writeFileSync(join(RESULTS, `${name}.svg`), svgOf(plot));
  }
}
