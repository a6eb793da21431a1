import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Cell, pathOf, weatherNames } from '../../bench/simulated/cell.ts';
import { contests, measureContest } from '../../bench/simulated/contest.ts';
import { runRest } from '../../bench/simulated/full-run.ts';
import { type Job, keyOf, type Outcome, runJob } from '../../bench/simulated/job.ts';
import { Journal } from '../../bench/simulated/journal.ts';
import { limitBytesPerSec } from '../../bench/simulated/limit.ts';
import { fullReport, jsonReport, smallReport } from '../../bench/simulated/report.ts';
import { runFlows } from '../../bench/simulated/shared-path.ts';
import { sum } from '../../bench/simulated/ticks.ts';
import { measureTransfer, transfers } from '../../bench/simulated/transfer.ts';
import { controllerNames } from '../../src/transfer/core/index.ts';

const SECONDS = 3;
const cell: Cell = {
  rateMbitPerSec: 5,
  rttMs: 20,
  loss: 0,
  weather: 'clear',
  bufferBdp: 1,
  controller: 'bbr',
  hasProductCredit: false,
};
const cellJob = (change: Partial<Cell>, seed = 1): Job => ({
  ...{ kind: 'cell', seconds: SECONDS, seed },
  cell: { ...cell, ...change },
});
const tinyGrid: readonly Job[] = [
  ...controllerNames.map((controller) => cellJob({ controller })),
  ...weatherNames.map((weather) => cellJob({ weather, loss: 0.01 })),
];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'updraft-bench-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** All but the real time that it took. */
function exactly(outcome: Outcome): unknown {
  return { ...outcome, measures: { ...outcome.measures, wallSec: 0 } };
}

test('a cell is exact for a seed, and another seed gives another run', () => {
  const [one, same, other] = [1, 1, 2].map((seed) => runJob(cellJob({ loss: 0.02 }, seed)));
  expect(exactly(same!)).toEqual(exactly(one!));
  expect(exactly(other!)).not.toEqual(exactly(one!));
});

test('no controller in any weather brings more than the limit, and each brings something', () => {
  for (const job of tinyGrid) {
    const outcome = runJob(job);
    if (outcome.kind !== 'cell') continue;
    const { goodput, startup, excess, queueMeanBdp } = outcome.measures;
    expect(goodput, keyOf(job)).toBeGreaterThan(0.2);
    expect(goodput, keyOf(job)).toBeLessThanOrEqual(1);
    expect(startup, keyOf(job)).toBeLessThanOrEqual(1);
    expect(excess, keyOf(job)).toBeGreaterThanOrEqual(0);
    expect(queueMeanBdp, keyOf(job)).toBeLessThanOrEqual(1);
  }
});

test('what is read has arrived, and what has arrived was sent', () => {
  const path = pathOf({ ...cell, loss: 0.05 }, SECONDS, 2);
  const flow = runFlows(path, [{ controller: 'bbr' }]).flows[0]!;
  const [read, arrived] = [sum(flow.readByTick), sum(flow.arrivedByTick)];
  expect(read).toBeLessThanOrEqual(arrived);
  expect(arrived).toBeLessThanOrEqual(flow.firstSentBytes);
  expect(read).toBeGreaterThan(0.8 * limitBytesPerSec({ ...cell, loss: 0.05 }) * SECONDS);
});

test('a flow with an end brings exactly its bytes, in all its streams', () => {
  const path = pathOf({ ...cell, loss: 0.05 }, 20, 1);
  const spec = { controller: 'bbr', bytes: 300_001, streamCount: 3 } as const;
  const flow = runFlows(path, [spec]).flows[0]!;
  expect(sum(flow.readByTick)).toBe(3 * 300_001);
  expect(sum(flow.arrivedByTick)).toBe(3 * 300_001);
  expect(flow.firstSentBytes).toBe(3 * 300_001);
  expect(flow.lastByteUs).toBeLessThan(20e6);
});

test('no small transfer is faster than ideal doubling', () => {
  for (const transfer of transfers.filter(({ flow }) => flow.bytes <= 2 ** 20)) {
    const { lastByteMs, idealLastByteMs } = measureTransfer(transfer, 1);
    expect(lastByteMs, transfer.name).toBeGreaterThanOrEqual(idealLastByteMs);
    expect(lastByteMs, transfer.name).toBeLessThan(60_000);
  }
});

test('a contest tells the shares of its flows', () => {
  const slow = { ...contests(['bbr'])[0]!, path: { rateMbitPerSec: 5, rttMs: 20, queueBdp: 1 } };
  const { shares, jain, used } = measureContest({ ...slow, fromSeconds: 5, seconds: 10 }, 1);
  expect(sum(shares)).toBeCloseTo(1, 12);
  expect(jain).toBeGreaterThan(0.5);
  expect(used).toBeGreaterThan(0.8);
  expect(used).toBeLessThanOrEqual(1.01);
});

test('contests ask only for controllers that there are', () => {
  expect(contests(['bbr']).some(({ name }) => name.includes('cubic'))).toBe(false);
  expect(contests(['bbr', 'cubic']).some(({ name }) => name === 'cubic beside bbr')).toBe(true);
});

test('an interrupted run goes on with what the journal does not hold', async () => {
  const jobs = [cellJob({}), cellJob({ loss: 0.01 }), cellJob({ controller: 'cubic' })];
  const file = join(folder, 'journal.jsonl');
  await runRest(jobs.slice(0, 2), new Journal(file, true), 0, () => undefined);
  // Ended while it wrote: the line is not whole.
  appendFileSync(file, readFileSync(file, 'utf8').slice(0, 100));
  const said: string[] = [];
  await runRest(jobs, new Journal(file, true), 0, (line) => said.push(line));
  expect(said).toEqual([`1/1 ${keyOf(jobs[2]!)}`]);
  expect([...new Journal(file, true).outcomes.keys()]).toEqual(jobs.map(keyOf));
  expect(new Journal(file, false).outcomes.size).toBe(0);
});

test('reports tell of every cell, contest and transfer', () => {
  const [transfer, contest] = [transfers[0]!, contests(controllerNames)[0]!];
  const outcomes: Outcome[] = [
    runJob(cellJob({ rateMbitPerSec: 20, rttMs: 10 })),
    runJob({ kind: 'transfer', transfer, seed: 1 }),
    runJob({ kind: 'contest', contest: { ...contest, fromSeconds: 1, seconds: 2 }, seed: 1 }),
  ];
  const environment = { commit: '0123456789abcdef', isDirty: false, node: 'v20', cpu: '2 × x' };
  const small = smallReport(outcomes);
  expect(small).toContain('bbr 20 Mbit/s 10 ms 1 BDP 0 %');
  expect(small).toContain('| two flows at once');
  expect(small).toContain('| 100 KiB');
  expect(fullReport(environment, outcomes)).toContain('Commit 0123456789ab, Node v20');
  const json = JSON.parse(jsonReport(environment, outcomes)) as Record<string, unknown[]>;
  expect([json['cells'], json['contests'], json['transfers']].map((list) => list!.length)).toEqual([
    1, 1, 1,
  ]);
  expect(json['environment']).toEqual(environment);
});
