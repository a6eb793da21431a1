import { expect, test } from 'vitest';
import { growthPlot, growthTable, type Growth } from '../../bench/loopback/growth-report.ts';
import { svgOf } from '../../bench/simulated/line-plot.ts';

const cost = (
  mbPerSec: number,
  cpuSecPerGiB: number,
): Growth['lines'][0]['points'][0]['costs'][0] => ({
  ...{ mbPerSec, share: mbPerSec / 400, cpuSecPerGiB, sendRssBytes: 100e6, receiveRssBytes: 200e6 },
});
const growth: Growth = {
  title: 'Cost by something',
  axis: 'how many',
  lines: [
    {
      name: 'ours',
      points: [
        { amount: 1, costs: [cost(100, 5), cost(300, 4), cost(200, 9)] },
        { amount: 1000, costs: [cost(50, 10)] },
      ],
    },
  ],
};

test('a table of growth has a row an amount, with medians and spreads', () => {
  const [, , first, second] = growthTable(growth).split('\n');
  expect(first).toMatch(
    /^\| 1 +\| ours \| 200\.0 \(100\.0–300\.0\) \| +0\.50 \(0\.25–0\.75\) \| +5\.0 \(4\.0–9\.0\) \| +100 \+ 200 \| +3 \|$/,
  );
  expect(second).toMatch(/^\| 1000 +\| ours \| +50\.0 \(50\.0–50\.0\) \|/);
});

test('a plot of growth has cost on the left and speed on the right', () => {
  const plot = growthPlot(growth);
  expect(plot.series).toEqual([
    {
      name: 'ours: CPU s / GiB',
      points: [
        [1, 5],
        [1000, 10],
      ],
      isRight: false,
    },
    {
      name: 'ours: speed',
      points: [
        [1, 0.5],
        [1000, 0.125],
      ],
      isRight: true,
    },
  ]);
});

test('an axis of tenfold steps has marks that the even steps of another one would not have', () => {
  const points = [[1, 0.5] as const, [1_000, 0.7] as const];
  const plot = { title: 'T', x: 'x', y: 'y', isLogX: true, series: [{ name: 'n', points }] };
  for (const mark of ['1', '10', '100']) expect(svgOf(plot)).toContain(`>${mark}<`);
  expect(svgOf({ ...plot, isLogX: false })).not.toContain('>10<');
});
