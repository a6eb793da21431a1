import { argumentsOf, type Cell } from './cell.ts';
import type { Measures } from './measures.ts';

/** What the seeds of one cell have in common. */
export interface CellSummary {
  readonly cell: Cell;
  readonly seeds: readonly number[];
  /** Of each measure for itself; the seed means nothing. */
  readonly median: Measures;
  /** Of all seeds; null where a flow never left Startup. */
  readonly lowestEfficiency: number | null;
}

/** Runs of cells by cell, in the order in which each came first. */
export function summarise(
  runs: Iterable<{ readonly cell: Cell; readonly measures: Measures }>,
): CellSummary[] {
  return groupBy(runs, ({ cell }) => argumentsOf(cell)).map((group) =>
    summaryOf(
      group[0]!.cell,
      group.map(({ measures }) => measures),
    ),
  );
}

/** Groups of one key, in the order in which each key came first; none is empty. */
export function groupBy<T>(values: Iterable<T>, keyOf: (value: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return [...groups.values()];
}

export function summaryOf(cell: Cell, runs: readonly Measures[]): CellSummary {
  const efficiencies = runs.map(({ efficiency }) => efficiency);
  const names = Object.keys(runs[0]!) as (keyof Measures)[];
  const medians = names.map((name) => [
    name,
    medianOrNull(
      runs.map((run) => run[name]),
      name === 'efficiency',
    ),
  ]);
  return {
    cell,
    seeds: runs.map(({ seed }) => seed).sort((one, other) => one - other),
    median: Object.fromEntries(medians) as Measures,
    lowestEfficiency: efficiencies.includes(null)
      ? null
      : Math.min(...efficiencies.map((value) => value ?? 0)),
  };
}

/** Of an even count the mean of the middle two. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Null is worse than any number. */
function medianOrNull(values: readonly (number | null)[], isMoreBetter: boolean): number | null {
  const median = medianOf(values.map((value) => value ?? (isMoreBetter ? -Infinity : Infinity)));
  return Number.isFinite(median) ? median : null;
}
