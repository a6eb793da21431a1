import { expect, test } from 'vitest';
import { type Contest, measureContest } from '../../bench/simulated/contest.ts';
import type { FlowSpec } from '../../bench/simulated/flow.ts';

const LINK = { rateMbitPerSec: 20, rttMs: 50 };
const SEEDS = [1, 2, 3];
const bbr: FlowSpec = { controller: 'bbr' };

function contest(queueBdp: number, rest: Omit<Contest, 'name' | 'path' | 'target'>): Contest {
  return { name: 'test', path: { ...LINK, queueBdp }, target: { leastJain: 0 }, ...rest };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

test.each([0.5, 1])(
  'five flows that come a second apart have even shares after 30 s, queue of %d BDP',
  (queueBdp) => {
    const flows = [0, 1, 2, 3, 4].map((startSeconds) => ({ ...bbr, startSeconds }));
    const five = contest(queueBdp, { flows, fromSeconds: 30, seconds: 40 });
    const runs = SEEDS.map((seed) => measureContest(five, seed));
    expect(median(runs.map(({ jain }) => jain))).toBeGreaterThan(0.9);
    expect(median(runs.map(({ dropped }) => dropped))).toBeLessThan(0.02);
  },
);

test('five flows do not go on taking the drops of a short queue for noise of the path', () => {
  const flows = [0, 1, 2, 3, 4].map((startSeconds) => ({ ...bbr, startSeconds }));
  const path = { rateMbitPerSec: 100, rttMs: 50, queueBdp: 0.1 };
  const five = { ...contest(0.1, { flows, fromSeconds: 35, seconds: 40 }), path };
  const runs = SEEDS.map((seed) => measureContest(five, seed));
  expect(median(runs.map(({ dropped }) => dropped))).toBeLessThan(0.01);
});

test.each([0.1, 0.25, 1])(
  'a flow of CUBIC beside one of ours has a quarter of the link, queue of %d BDP',
  (queueBdp) => {
    const flows: FlowSpec[] = [{ controller: 'cubic' }, bbr];
    const beside = contest(queueBdp, { flows, fromSeconds: 10, seconds: 60 });
    const runs = SEEDS.map((seed) => measureContest(beside, seed));
    expect(median(runs.map(({ shares }) => shares[0]!))).toBeGreaterThan(0.25);
    expect(median(runs.map(({ used }) => used))).toBeGreaterThan(0.85);
  },
);

test.each([0.25, 0.5])(
  'a flow of CUBIC has nine tenths beside LEDBAT++, queue of %d BDP',
  (queueBdp) => {
    const flows: FlowSpec[] = [{ controller: 'cubic' }, { controller: 'ledbat' }];
    const beside = contest(queueBdp, { flows, fromSeconds: 10, seconds: 40 });
    const { shares, used } = measureContest(beside, 1);
    expect(shares[0]).toBeGreaterThan(0.9);
    expect(used).toBeGreaterThan(0.9);
  },
);
