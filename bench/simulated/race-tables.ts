import type { Contest, ContestMeasures, ContestTarget } from './contest.ts';
import { groupBy, medianOf } from './summary.ts';
import { markdownTable, ratio, rounded } from './table.ts';
import type { Transfer, TransferMeasures } from './transfer.ts';

/** One run of a contest. */
export interface ContestRun {
  readonly contest: Contest;
  readonly measures: ContestMeasures;
}

/** Contests, one row each: medians of the seeds, and the shares of the seed of the median Jain. */
export function contestTable(runs: Iterable<ContestRun>): string {
  const head = [
    'flows (100 Mbit/s, 50 ms)',
    'buffer BDP',
    'shares',
    'target',
    'Jain',
    'Jain ≥ 0.9 from s',
    'used / limit',
    'queue BDP',
    'dropped',
  ];
  const rows = contestGroups(runs).map((group) =>
    contestRow(
      group[0]!.contest,
      group.map(({ measures }) => measures),
    ),
  );
  return markdownTable(head, rows);
}

/** A line for each contest whose median misses its target. */
export function contestMissLines(runs: Iterable<ContestRun>): string[] {
  return contestGroups(runs).flatMap((group) => {
    const { contest } = group[0]!;
    const value = medianOf(group.map(({ measures }) => judgedOf(contest, measures)));
    const { least, most } = rangeOf(contest.target);
    if (value >= least && value <= most) return [];
    const where = `${contest.name}, buffer ${contest.path.queueBdp} BDP`;
    return [`${ratio(value)}, target ${targetText(contest)}: ${where}`];
  });
}

function contestGroups(runs: Iterable<ContestRun>): ContestRun[][] {
  return groupBy(runs, ({ contest }) => `${contest.name} ${contest.path.queueBdp}`);
}

function judgedOf({ target }: Contest, { shares, jain }: ContestMeasures): number {
  return 'flow' in target ? shares[target.flow]! : jain;
}

function rangeOf(target: ContestTarget): { readonly least: number; readonly most: number } {
  return 'flow' in target ? target : { least: target.leastJain, most: 1 };
}

function contestRow(contest: Contest, runs: readonly ContestMeasures[]): string[] {
  const of = (pick: (run: ContestMeasures) => number): number => medianOf(runs.map(pick));
  const fairFrom = of(({ fairFromSec }) => fairFromSec ?? Infinity);
  const middle = runs.toSorted((one, other) => one.jain - other.jain)[runs.length >> 1]!;
  return [
    contest.name,
    String(contest.path.queueBdp),
    middle.shares.map((share) => share.toFixed(2)).join(' '),
    targetText(contest),
    of(({ jain }) => jain).toFixed(2),
    Number.isFinite(fairFrom) ? fairFrom.toFixed(0) : '–',
    `${ratio(of(({ used }) => used))} / 1`,
    of(({ queueMeanBdp }) => queueMeanBdp).toFixed(2),
    ratio(of(({ dropped }) => dropped)),
  ];
}

function targetText({ target, flows }: Contest): string {
  if ('leastJain' in target) return `Jain ≥ ${target.leastJain}`;
  const { flow, least, most } = target;
  const range = most < 1 ? `${least}–${most}` : `≥ ${least}`;
  return `${flows[flow]!.controller} ${range}`;
}

/** One run of a transfer. */
export interface TransferRun {
  readonly transfer: Transfer;
  readonly measures: TransferMeasures;
}

/** A line for each transfer whose median takes too long. */
export function transferMissLines(runs: Iterable<TransferRun>): string[] {
  return groupBy(runs, ({ transfer }) => transfer.name).flatMap((group) => {
    const { name, mostMs = Infinity } = group[0]!.transfer;
    const lastByteMs = medianOf(group.map(({ measures }) => measures.lastByteMs));
    return lastByteMs <= mostMs ? [] : [`${rounded(lastByteMs, 0)} ms, target ${mostMs}: ${name}`];
  });
}

/** Transfers, one row each: medians of the seeds. */
export function transferTable(runs: Iterable<TransferRun>): string {
  const head = [
    'file (100 Mbit/s, 50 ms)',
    'first byte / limit ms',
    'last byte / ideal ms',
    'target ms',
  ];
  const rows = groupBy(runs, ({ transfer }) => transfer.name).map((group) => {
    const { transfer } = group[0]!;
    const of = (pick: (run: TransferMeasures) => number): string =>
      rounded(medianOf(group.map(({ measures }) => pick(measures))), 0);
    return [
      transfer.name,
      `${of(({ firstByteMs }) => firstByteMs)} / ${(1.5 * transfer.path.rttMs).toFixed(0)}`,
      `${of(({ lastByteMs }) => lastByteMs)} / ${of(({ idealLastByteMs }) => idealLastByteMs)}`,
      transfer.mostMs === undefined ? '' : `≤ ${transfer.mostMs}`,
    ];
  });
  return markdownTable(head, rows);
}
