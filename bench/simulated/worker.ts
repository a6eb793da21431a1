import { setPriority } from 'node:os';
import { type Job, runJob } from './job.ts';

/** A full run takes hours: it leaves the machine to whoever else wants it. */
const NICENESS = 10;

// Started by the pool: each message is a job, each answer its outcome.
setPriority(NICENESS);
process.on('message', (job: Job) => {
  process.send!(runJob(job));
});
