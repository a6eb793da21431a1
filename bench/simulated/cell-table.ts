import { argumentsOf, type Cell, linkOf, meanLoss } from './cell.ts';
import { leastExcess, limitBytesPerSec } from './limit.ts';
import type { Measures } from './measures.ts';
import type { CellSummary } from './summary.ts';
import { markdownTable, ratio, rounded } from './table.ts';
import { type Miss, missesOf } from './targets.ts';

/** What each column shows, the physical limit beside it. */
const HEAD = [
  'cell',
  'goodput / limit Mbit/s',
  'efficiency',
  'lowest seed',
  'ProbeRTT cost',
  'start-up / ideal',
  'excess / least',
  'dropped',
  'queue mean, p95 BDP',
  'first byte / limit ms',
  'last byte / ideal s',
];

/** One row a cell, all its measures. */
export function cellTable(summaries: readonly CellSummary[]): string {
  return markdownTable(HEAD, summaries.map(rowOf));
}

function rowOf({ cell, median, lowestEfficiency }: CellSummary): string[] {
  return [nameOf(cell), ...columnsOf(cell, median, lowestEfficiency)];
}

/** One row a seed. */
export function seedTable(cell: Cell, runs: readonly Measures[]): string {
  const head = ['seed', ...HEAD.slice(1).filter((title) => title !== 'lowest seed'), 'real s'];
  const rows = runs.map((run) => [
    String(run.seed),
    ...columnsOf(cell, run, null).filter((_, column) => HEAD[column + 1] !== 'lowest seed'),
    rounded(run.wallSec, 1),
  ]);
  return markdownTable(head, rows);
}

function columnsOf(cell: Cell, measures: Measures, lowest: number | null): string[] {
  const limitMbit = (8 * limitBytesPerSec(linkOf(cell))) / 1e6;
  // The first byte leaves with the opener's first DATA.
  const firstByteLimitMs = 1.5 * cell.rttMs;
  return [
    `${rounded(measures.goodputMbitPerSec, 1)} / ${limitMbit.toFixed(1)}`,
    ratio(measures.efficiency),
    ratio(lowest),
    ratio(measures.probeRttCost),
    ratio(measures.startup),
    `${ratio(measures.excess)} / ${ratio(leastExcess(meanLoss(cell)))}`,
    ratio(measures.dropped),
    `${rounded(measures.queueMeanBdp, 2)}, ${rounded(measures.queueP95Bdp, 2)}`,
    `${rounded(measures.firstByteMs, 0)} / ${firstByteLimitMs.toFixed(0)}`,
    `${rounded(measures.lastByteSec, 2)} / ${measures.idealLastByteSec.toFixed(2)}`,
  ];
}

function nameOf(cell: Cell): string {
  const wire = cell.weather === 'clear' ? `${cell.loss * 100} %` : cell.weather;
  const credit = cell.hasProductCredit ? ', 64 MiB' : '';
  const link = `${cell.rateMbitPerSec} Mbit/s ${cell.rttMs} ms ${cell.bufferBdp} BDP`;
  return `${cell.controller} ${link} ${wire}${credit}`;
}

/** A line for each target that is missed. */
export function missLines(summaries: readonly CellSummary[]): string[] {
  const byArguments = new Map(summaries.map((each) => [argumentsOf(each.cell), each]));
  return summaries.flatMap((summary) => {
    const clear = byArguments.get(argumentsOf({ ...summary.cell, weather: 'clear' }));
    return missesOf(summary, clear).map((miss) => missLine(summary.cell, miss));
  });
}

function missLine(cell: Cell, { what, value, target }: Miss): string {
  return `${what} ${ratio(value)}, target ${ratio(target)}: ${argumentsOf(cell)}`;
}
