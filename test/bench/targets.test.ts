import { expect, test } from 'vitest';
import type { Cell } from '../../bench/simulated/cell.ts';
import { type Contest, contests, jainIndex } from '../../bench/simulated/contest.ts';
import type { Measures } from '../../bench/simulated/measures.ts';
import { contestMissLines, transferMissLines } from '../../bench/simulated/race-tables.ts';
import { medianOf, summarise, summaryOf } from '../../bench/simulated/summary.ts';
import { missesOf } from '../../bench/simulated/targets.ts';
import { transfers } from '../../bench/simulated/transfer.ts';

const clear: Cell = {
  rateMbitPerSec: 100,
  rttMs: 50,
  loss: 0,
  weather: 'clear',
  bufferBdp: 1,
  controller: 'bbr',
  hasProductCredit: false,
};

const perfect: Measures = {
  seed: 1,
  efficiency: 1,
  probeRttCost: 0,
  goodput: 1,
  goodputMbitPerSec: 96,
  startupEndSec: 1,
  startup: 1,
  excess: 0,
  dropped: 0,
  droppedAfterStartup: 0,
  queueMeanBdp: 0,
  queueP95Bdp: 0,
  spurious: 0,
  firstByteMs: 75,
  lastByteSec: 10,
  idealLastByteSec: 10,
  wallSec: 1,
};

function missed(cell: Partial<Cell>, ...runs: readonly Partial<Measures>[]): string[] {
  const all = runs.map((run) => ({ ...perfect, ...run }));
  const twin = summaryOf(clear, [perfect]);
  return missesOf(summaryOf({ ...clear, ...cell }, all), twin).map(({ what }) => what);
}

test.each([
  [0, 0.95],
  [0.01, 0.95],
  [0.02, 0.93],
  [0.05, 0.9],
  [0.1, 0.85],
])('at a loss of %f an efficiency of %f is enough, and no less', (loss, least) => {
  expect(missed({ loss }, { efficiency: least })).toEqual([]);
  expect(missed({ loss }, { efficiency: least - 0.001 })).toEqual(['efficiency']);
});

test('the median of the seeds is judged, and the lowest by a target of its own', () => {
  const runs = [0.96, 0.76, 0.97].map((efficiency) => ({ efficiency }));
  expect(missed({}, ...runs)).toEqual([]);
  expect(missed({}, ...runs, { efficiency: 0.74 }, { efficiency: 0.96 })).toEqual([
    'lowest efficiency',
  ]);
});

test('a flow that never left Startup misses both', () => {
  expect(missed({}, { efficiency: null })).toEqual(['efficiency', 'lowest efficiency']);
});

test('jitter and reordering may cost two points of what the same link gives without', () => {
  expect(missed({ weather: 'jitter' }, { efficiency: 0.98 })).toEqual([]);
  expect(missed({ weather: 'reorder' }, { efficiency: 0.979 })).toEqual(['efficiency']);
});

test('bursts and lost ACKs have targets of their own', () => {
  expect(missed({ weather: 'burst' }, { efficiency: 0.9 })).toEqual([]);
  expect(missed({ weather: 'burst' }, { efficiency: 0.899 })).toEqual(['efficiency']);
  expect(missed({ weather: 'ack-loss' }, { efficiency: 0.849 })).toEqual(['efficiency']);
});

test('a tiny buffer is judged by its drops, not by its efficiency', () => {
  expect(missed({ bufferBdp: 0.1 }, { efficiency: 0.5, dropped: 0.01 })).toEqual([]);
  expect(missed({ bufferBdp: 0.1 }, { dropped: 0.011 })).toEqual(['dropped']);
});

test('bytes beyond file and headers stay under loss + 2 % from half a BDP of buffer on', () => {
  expect(missed({ loss: 0.05 }, { excess: 0.071 })).toEqual(['excess']);
  expect(missed({ loss: 0.05, bufferBdp: 0.25 }, { excess: 0.071 })).toEqual([]);
  expect(missed({ weather: 'burst' }, { excess: 0.039 })).toEqual([]);
});

test('a queue above 0.3 BDP is a miss in any buffer', () => {
  expect(missed({ bufferBdp: 4 }, { queueMeanBdp: 0.31 })).toEqual(['queue']);
});

test('other controllers, and the credit of the product, are only reported', () => {
  expect(missed({ controller: 'cubic' }, { efficiency: 0 })).toEqual([]);
  expect(missed({ hasProductCredit: true }, { efficiency: 0 })).toEqual([]);
});

test('the median of an even count lies between the middle two', () => {
  expect(medianOf([4, 1, 3, 2])).toBe(2.5);
});

test('runs are summed up by cell, with their seeds', () => {
  const other = { ...clear, loss: 0.01 };
  const summaries = summarise([
    { cell: clear, measures: { ...perfect, seed: 2, efficiency: 0.9 } },
    { cell: other, measures: perfect },
    { cell: { ...clear }, measures: { ...perfect, seed: 1, efficiency: 0.8 } },
  ]);
  expect(summaries.map(({ cell, seeds }) => [cell.loss, seeds])).toEqual([
    [0, [1, 2]],
    [0.01, [1]],
  ]);
  expect(summaries[0]!.median.efficiency).toBeCloseTo(0.85, 12);
  expect(summaries[0]!.lowestEfficiency).toBe(0.8);
});

test('a contest is judged by the share or the evenness that it is about', () => {
  const [share, jain] = ['two flows at once', 'five flows, a second apart'].map((name) =>
    contests(['bbr']).find((contest) => contest.name === name)!,
  ) as [Contest, Contest];
  const run = (contest: Contest, shares: readonly number[]) => ({
    contest,
    measures: {
      ...{ seed: 1, shares, jain: jainIndex(shares), used: 1, fairFromSec: null },
      ...{ queueMeanBdp: 0, dropped: 0 },
    },
  });
  const five = [0.3, 0.3, 0.3, 0.05, 0.05];
  expect(contestMissLines([run(share, [0.6, 0.4]), run(jain, [0.2, 0.2, 0.2, 0.2, 0.2])])).toEqual(
    [],
  );
  expect(contestMissLines([run(share, [0.61, 0.39]), run(jain, five)])).toEqual([
    '0.610, target bbr 0.4–0.6: two flows at once, buffer 0.1 BDP',
    '0.727, target Jain ≥ 0.9: five flows, a second apart, buffer 0.1 BDP',
  ]);
});

test("Jain's index is 1 among equals and 1/n where one has all", () => {
  expect(jainIndex([7, 7, 7, 7])).toBe(1);
  expect(jainIndex([7, 0, 0, 0])).toBe(0.25);
});

test('a transfer that takes longer than its target is named', () => {
  const transfer = transfers.find(({ name }) => name === '100 KiB')!;
  const run = (lastByteMs: number) => ({
    transfer,
    measures: { seed: 1, firstByteMs: 75, lastByteMs, idealLastByteMs: 130 },
  });
  expect(transferMissLines([run(170), run(180), run(500)])).toEqual([]);
  expect(transferMissLines([run(181)])).toEqual(['181 ms, target 180: 100 KiB']);
});
