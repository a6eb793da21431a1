import { expect, test } from 'vitest';
import type { Cell } from '../../bench/simulated/cell.ts';
import { svgOf } from '../../bench/simulated/line-plot.ts';
import { measureCell } from '../../bench/simulated/measures.ts';
import { efficiencyByLoss } from '../../bench/simulated/plots.ts';
import { summaryOf } from '../../bench/simulated/summary.ts';

const cell: Cell = {
  rateMbitPerSec: 100,
  rttMs: 50,
  loss: 0,
  weather: 'clear',
  bufferBdp: 1,
  controller: 'cubic',
  hasProductCredit: false,
};

test('a plot of efficiency has a line a controller and a point a loss', () => {
  const measures = measureCell({ ...cell, rateMbitPerSec: 5, rttMs: 10 }, 1, 1);
  const summaries = [0, 0.01, 0.05].flatMap((loss) =>
    (['bbr', 'cubic'] as const).map((controller) =>
      summaryOf({ ...cell, loss, controller }, [{ ...measures, efficiency: 1 - loss }]),
    ),
  );
  const { series } = efficiencyByLoss([
    ...summaries,
    summaryOf({ ...cell, rttMs: 10, loss: 0.1 }, [measures]),
  ]);
  const points = [
    [0, 1],
    [1, 0.99],
    [5, 0.95],
  ];
  expect(series).toEqual([
    { name: 'bbr', points },
    { name: 'cubic', points },
  ]);
});

test('a plot is an SVG that names its title, axes and lines', () => {
  const points = [[0, 1] as const, [1, 2] as const];
  const plot = { title: 'A title', x: 'seconds', y: 'Mbit/s', series: [{ name: 'flow', points }] };
  const svg = svgOf(plot);
  expect(svg.startsWith('<svg')).toBe(true);
  for (const text of ['A title', 'seconds', 'Mbit/s', 'flow']) expect(svg).toContain(`>${text}<`);
});
