import type { ControllerName } from '../../src/transfer/core/index.ts';
import { cellTable, missLines } from './cell-table.ts';
import type { Environment } from './environment.ts';
import { linkRows, wireColumns } from './grid.ts';
import type { Outcome } from './job.ts';
import { limitBytesPerSec } from './limit.ts';
import { contestMissLines, contestTable, transferMissLines, transferTable } from './race-tables.ts';
import { type CellSummary, summarise } from './summary.ts';
import { markdownTable, ratio, rounded } from './table.ts';

type OutcomeOf<Kind extends Outcome['kind']> = Extract<Outcome, { readonly kind: Kind }>;

function ofKind<Kind extends Outcome['kind']>(
  kind: Kind,
  outcomes: readonly Outcome[],
): OutcomeOf<Kind>[] {
  return outcomes.filter((outcome): outcome is OutcomeOf<Kind> => outcome.kind === kind);
}

export function cellsOf(outcomes: readonly Outcome[]): CellSummary[] {
  return summarise(ofKind('cell', outcomes));
}

/** What the small version prints. */
export function smallReport(outcomes: readonly Outcome[]): string {
  const summaries = cellsOf(outcomes);
  return [
    cellTable(summaries),
    contestTable(ofKind('contest', outcomes)),
    transferTable(ofKind('transfer', outcomes)),
    missText(allMisses(outcomes)),
  ].join('\n\n');
}

function allMisses(outcomes: readonly Outcome[]): string[] {
  return [
    ...missLines(cellsOf(outcomes)),
    ...contestMissLines(ofKind('contest', outcomes)),
    ...transferMissLines(ofKind('transfer', outcomes)),
  ];
}

function missText(misses: readonly string[]): string {
  if (misses.length === 0) return 'No target is missed.';
  return ['Targets missed:', ...misses.map((line) => `- ${line}`)].join('\n');
}

/** All cells, a line of JSON each, and all contests and transfers run by run. */
export function jsonReport(environment: Environment, outcomes: readonly Outcome[]): string {
  const summaries = cellsOf(outcomes);
  const lines = (values: readonly unknown[]): string =>
    `[\n${values.map((value) => JSON.stringify(value, toFourDecimals)).join(',\n')}\n]`;
  const parts = {
    environment: JSON.stringify(environment),
    cells: lines(summaries.map(compact)),
    contests: lines(
      ofKind('contest', outcomes).map(({ contest, measures }) => ({
        name: contest.name,
        ...contest.path,
        ...measures,
      })),
    ),
    transfers: lines(
      ofKind('transfer', outcomes).map(({ transfer, measures }) => ({
        name: transfer.name,
        ...transfer.path,
        ...measures,
      })),
    ),
  };
  const body = Object.entries(parts).map(([name, text]) => `"${name}": ${text}`);
  return `{\n${body.join(',\n')}\n}\n`;
}

function compact({ cell, seeds, median, lowestEfficiency }: CellSummary): unknown {
  return { ...cell, ...median, seed: undefined, seeds, lowestEfficiency };
}

function toFourDecimals(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(4)) : value;
}

/** Pivots of the grid, contests, transfers, and what misses its target. */
export function fullReport(environment: Environment, outcomes: readonly Outcome[]): string {
  const summaries = cellsOf(outcomes);
  const grid = summaries.filter(({ cell }) => !cell.hasProductCredit);
  const productCredit = summaries.filter(({ cell }) => cell.hasProductCredit);
  const controllers = [...new Set(summaries.map(({ cell }) => cell.controller))];
  return [
    '# Flows in virtual time',
    originLine(environment),
    'Medians of the seeds; `simulated.json` has every measure, `../README.md` says what each is.',
    '## What a link can carry, Mbit/s of payload',
    limitTable(),
    ...controllers.flatMap((controller) => controllerPart(controller, grid)),
    '## With the credit of the product (64 MiB)',
    cellTable(productCredit),
    '## Flows beside each other',
    contestTable(ofKind('contest', outcomes)),
    '## Small files, and four at once',
    transferTable(ofKind('transfer', outcomes)),
    '## Plots',
    '![Efficiency by loss](efficiency-by-loss.svg)',
    '![One flow and its queue](flow-over-time.svg)',
    '![Two flows](two-flows-over-time.svg)',
    '## Targets',
    missText(allMisses(outcomes)),
    '',
  ].join('\n\n');
}

function originLine({ commit, isDirty, node, cpu }: Environment): string {
  return `Commit ${commit.slice(0, 12)}${isDirty ? ' with changes' : ''}, Node ${node}, ${cpu}.`;
}

function limitTable(): string {
  const rates = [...new Set(linkRows.map(({ rateMbitPerSec }) => rateMbitPerSec))];
  const losses = [...new Set(wireColumns.map(({ loss }) => loss))];
  return markdownTable(
    ['Mbit/s', ...losses.map((loss) => `${loss * 100} %`)],
    rates.map((rateMbitPerSec) => [
      String(rateMbitPerSec),
      ...losses.map((loss) =>
        rounded((8 * limitBytesPerSec({ rateMbitPerSec, rttMs: 0, loss })) / 1e6, 2),
      ),
    ]),
  );
}

function controllerPart(controller: ControllerName, grid: readonly CellSummary[]): string[] {
  const own = grid.filter(({ cell }) => cell.controller === controller);
  const efficiency = pivot(own, ({ median, lowestEfficiency }) =>
    median.efficiency === lowestEfficiency
      ? ratio(median.efficiency)
      : `${ratio(median.efficiency)} (${ratio(lowestEfficiency)})`,
  );
  const seedCounts = own.map(({ seeds }) => seeds.length);
  const [fewest, most] = [Math.min(...seedCounts), Math.max(...seedCounts)];
  const seeds = `Seeds a cell: ${fewest === most ? most : `${fewest} to ${most}`}.`;
  const main = [`## ${controller}`, seeds, '### Efficiency, of 1 (lowest seed)', efficiency];
  if (controller !== 'bbr') return main;
  return [
    ...main,
    '### ProbeRTT cost, of 1',
    pivot(own, ({ median }) => ratio(median.probeRttCost)),
    '### Start-up against ideal doubling, of 1',
    pivot(own, ({ median }) => ratio(median.startup)),
    '### Bytes beyond file and headers (least: loss / (1 − loss))',
    pivot(own, ({ median }) => ratio(median.excess)),
    '### Dropped by the bottleneck, of all packets (least: 0)',
    pivot(own, ({ median }) => ratio(median.dropped)),
    '### Queue, mean and 95th percentile, BDP (least: 0)',
    pivot(
      own,
      ({ median }) => `${median.queueMeanBdp.toFixed(2)} ${median.queueP95Bdp.toFixed(2)}`,
    ),
  ];
}

/** Links by wires. */
function pivot(own: readonly CellSummary[], show: (summary: CellSummary) => string): string {
  const allRows = linkRows.map(({ rateMbitPerSec, rttMs, bufferBdp }) => [
    `${rateMbitPerSec} Mbit/s ${rttMs} ms ${bufferBdp} BDP`,
    ...wireColumns.map(({ loss, weather }) => {
      const found = own.find(
        ({ cell }) =>
          cell.rateMbitPerSec === rateMbitPerSec &&
          cell.rttMs === rttMs &&
          cell.bufferBdp === bufferBdp &&
          cell.loss === loss &&
          cell.weather === weather,
      );
      return found === undefined ? '' : show(found);
    }),
  ]);
  // A part of the grid has its rows only.
  const rows = allRows.filter(([, ...cells]) => cells.some((text) => text !== ''));
  const head = wireColumns.map(({ loss, weather }) =>
    weather === 'clear' ? `${loss * 100} %` : weather,
  );
  return markdownTable(['link', ...head], rows);
}
