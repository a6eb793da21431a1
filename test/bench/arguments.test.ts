import { expect, test } from 'vitest';
import { readArguments } from '../../bench/simulated/arguments.ts';
import { argumentsOf } from '../../bench/simulated/cell.ts';
import { fullGrid } from '../../bench/simulated/grid.ts';
import { inOrder, keyOf, type Outcome } from '../../bench/simulated/job.ts';
import { fullJobs, wholePlan } from '../../bench/simulated/plan.ts';
import { controllerNames } from '../../src/transfer/core/index.ts';

test('what names a cell is the command line that runs it', () => {
  for (const cell of fullGrid(controllerNames)) {
    expect(readArguments(argumentsOf(cell).split(' '))).toEqual({
      ...{ kind: 'cell', cell, seconds: 30, seedCount: 5 },
    });
  }
});

test('without arguments the small version runs', () => {
  expect(readArguments([])).toEqual({ kind: 'small' });
});

test('the grid can be cut to some controllers, rates, buffers and seeds', () => {
  const text = '--full --controllers bbr,cubic --rates 20 --buffers 0.1,1 --seeds 2';
  const options = readArguments(text.split(' '));
  expect(options).toEqual({
    kind: 'full',
    plan: {
      ...{ controllers: ['bbr', 'cubic'], ratesMbitPerSec: [20] },
      ...{ buffersBdp: [0.1, 1], seedCount: 2 },
    },
  });
});

test.each(['--controller nobody', '--weather hail', '--rate fast', '--rate=-1', '--what 1'])(
  'what nobody knows is refused: %s',
  (text) => {
    expect(() => readArguments(text.split(' '))).toThrow();
  },
);

test('no job of the full run is there twice, and each cell has every seed', () => {
  const keys = fullJobs(wholePlan(2)).map(keyOf);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.filter((key) => key.endsWith('seed 1')).length).toBe(keys.length / 2);
});

test('outcomes are told in the order of their jobs, whichever ended first', () => {
  const jobs = fullJobs(wholePlan(1)).slice(0, 3);
  const outcomes = jobs.map((job) => ({ ...job, measures: {} }) as unknown as Outcome);
  const asEnded = [2, 1, 0].map((nth) => [keyOf(jobs[nth]!), outcomes[nth]!] as const);
  expect(inOrder(jobs.slice(0, 2), new Map(asEnded))).toEqual(outcomes);
});
