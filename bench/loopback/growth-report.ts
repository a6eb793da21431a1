import type { LinePlot } from '../simulated/line-plot.ts';
import { markdownTable } from '../simulated/table.ts';
import { median } from './alternate.ts';

/** What one run cost. */
export interface Cost {
  /** 10^6 bytes a second. */
  readonly mbPerSec: number;
  /** Of the speed of a raw blast in the same round. */
  readonly share: number;
  /** User and system, whole processes, both sides. */
  readonly cpuSecPerGiB: number;
  /** Largest resident set of each process, its start included. */
  readonly sendRssBytes: number;
  readonly receiveRssBytes: number;
}

/** All runs of one size or one number of transfers. */
export interface Point {
  /** Transfers at once, or 10^6 bytes of the file. */
  readonly amount: number;
  readonly costs: readonly Cost[];
}

/** How cost grows with one thing. */
export interface Growth {
  readonly title: string;
  /** The thing that grows, with its unit. */
  readonly axis: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly Point[] }[];
}

export function growthTable({ axis, lines }: Growth): string {
  return markdownTable(
    [axis, 'what', 'MB/s', 'of the raw blast', 'CPU s / GiB', 'RSS MB, sender + receiver', 'runs'],
    lines.flatMap(({ name, points }) =>
      points.map(({ amount, costs }) => {
        const of = (value: (cost: Cost) => number): number[] => costs.map(value);
        const rss = [of((cost) => cost.sendRssBytes), of((cost) => cost.receiveRssBytes)];
        return [
          String(amount),
          name,
          withSpread(
            of((cost) => cost.mbPerSec),
            1,
          ),
          withSpread(
            of((cost) => cost.share),
            2,
          ),
          withSpread(
            of((cost) => cost.cpuSecPerGiB),
            1,
          ),
          rss.map((bytes) => (median(bytes) / 1e6).toFixed(0)).join(' + '),
          String(costs.length),
        ];
      }),
    ),
  );
}

function withSpread(values: readonly number[], decimals: number): string {
  const shown = [median(values), Math.min(...values), Math.max(...values)];
  const [middle, least, most] = shown.map((value) => value.toFixed(decimals));
  return `${middle} (${least}–${most})`;
}

/** Cost by the left axis, speed by the right one. */
export function growthPlot({ title, axis, lines }: Growth): LinePlot {
  const line = (
    what: string,
    value: (cost: Cost) => number,
    isRight: boolean,
  ): LinePlot['series'] =>
    lines.map(({ name, points }) => ({
      name: `${name}: ${what}`,
      points: points.map(({ amount, costs }) => [amount, median(costs.map(value))] as const),
      isRight,
    }));
  return {
    title,
    x: axis,
    y: 'CPU s / GiB, both sides',
    right: 'speed, of the raw blast',
    isLogX: true,
    series: [
      ...line('CPU s / GiB', (cost) => cost.cpuSecPerGiB, false),
      ...line('speed', (cost) => cost.share, true),
    ],
  };
}
