import { medianOf } from '../simulated/summary.ts';
import { markdownTable } from '../simulated/table.ts';
import type { Environment } from '../simulated/environment.ts';
import type { BarPlot } from './bar-plot.ts';
import type { Run } from './measure.ts';
import type { Peer } from './peer.ts';

/** All that a bench has found out. */
export interface Findings {
  readonly peers: readonly Peer[];
  /** Programs that were wanted and cannot run here, and why. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  /** Of one byte each, on loopback or the first link: what start and end take. */
  readonly first: readonly Run[];
  readonly runs: readonly Run[];
}

/** Whom the others are compared to. */
const OWN = 'updraft';

/** What the rounds of one program at one place have in common. */
export interface PeerSummary {
  readonly peer: string;
  readonly place: string;
  readonly runCount: number;
  /** Why runs failed; each counts as slower than any that did not. */
  readonly failures: readonly string[];
  /** Null when it failed in half of them. */
  readonly mbPerSec: number | null;
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly cpuSecPerGiB: number | null;
  /** Of our own speed and this one's, each round for itself; null where one has none. */
  readonly ownRatio: number | null;
}

export function summarise(runs: readonly Run[]): PeerSummary[] {
  const places = [...new Set(runs.map(({ place }) => place))];
  const peers = [...new Set(runs.map(({ peer }) => peer))];
  return places.flatMap((place) => {
    const here = runs.filter((run) => run.place === place);
    return peers.flatMap((peer) => {
      const own = here.filter((run) => run.peer === peer);
      return own.length === 0 ? [] : [summaryOf(own, here)];
    });
  });
}

function summaryOf(own: readonly Run[], here: readonly Run[]): PeerSummary {
  const { peer, place } = own[0]!;
  const rates = own.map(({ mbPerSec }) => mbPerSec ?? 0);
  const ratios = own.flatMap(({ round, mbPerSec }) => {
    const ours = here.find((run) => run.peer === OWN && run.round === round)?.mbPerSec ?? null;
    return ours === null || mbPerSec === null ? [] : [ours / mbPerSec];
  });
  const costs = own.flatMap(({ cpuSecPerGiB }) => cpuSecPerGiB ?? []);
  const orNone = (value: number): number | null => (value === 0 ? null : value);
  return {
    ...{ peer, place, runCount: own.length },
    failures: own.flatMap(({ failure }) => failure ?? []),
    mbPerSec: orNone(medianOf(rates)),
    lowest: orNone(Math.min(...rates)),
    highest: orNone(Math.max(...rates)),
    cpuSecPerGiB: costs.length === 0 ? null : medianOf(costs),
    ownRatio: ratios.length === 0 ? null : medianOf(ratios),
  };
}

/** A table a place, and who is not in it. */
export function markdownReport(findings: Findings, environment: Environment): string {
  const summaries = summarise(findings.runs);
  const places = [...new Set(summaries.map(({ place }) => place))];
  const { commit, isDirty, node, cpu } = environment;
  return [
    '# Beside other programs',
    `Commit ${commit.slice(0, 12)}${isDirty ? ' with changes' : ''}, Node ${node}, ${cpu}.`,
    'File to file on tmpfs; `../README.md` says how. Median (lowest–highest) of the rounds; the ratio is the median of ' +
      `those of each round. CPU is user and system of both sides, their start included.`,
    ...places.flatMap((place) => [
      `## ${place}, ${mebibytesAt(findings.runs, place)} MiB`,
      table(summaries.filter((summary) => summary.place === place)),
      ...failureLines(summaries.filter((summary) => summary.place === place)),
    ]),
    '## The programs',
    programTable(findings),
    ...(findings.leftOut.length === 0
      ? []
      : [
          'Left out:',
          findings.leftOut.map(({ name, reason }) => `- ${name}: ${reason}`).join('\n'),
        ]),
    '',
  ].join('\n\n');
}

function mebibytesAt(runs: readonly Run[], place: string): number {
  return runs.find((run) => run.place === place)!.sizeBytes / 2 ** 20;
}

function table(summaries: readonly PeerSummary[]): string {
  return markdownTable(
    ['program', 'MB/s', 'updraft / it', 'CPU s / GiB', 'runs'],
    summaries.map(({ peer, mbPerSec, lowest, highest, ownRatio, cpuSecPerGiB, ...rest }) => [
      peer,
      `${shown(mbPerSec, 1)} (${shown(lowest, 1)}–${shown(highest, 1)})`,
      shown(ownRatio, 2),
      shown(cpuSecPerGiB, 2),
      `${rest.runCount - rest.failures.length} of ${rest.runCount}`,
    ]),
  );
}

function failureLines(summaries: readonly PeerSummary[]): string[] {
  const lines = summaries.flatMap(({ peer, failures }) =>
    [...new Set(failures)].map((failure) => `- ${peer}: ${failure}`),
  );
  return lines.length === 0 ? [] : ['Not finished:', lines.join('\n')];
}

function programTable({ peers, first }: Findings): string {
  return markdownTable(
    ['program', 'what', 'encrypted', 'the file at the target is', 'one byte, ms'],
    peers.map(({ name, description, isEncrypted, target }) => {
      const rate = first.find(({ peer }) => peer === name)?.mbPerSec ?? null;
      // Bytes a microsecond, of one byte.
      const tookMs = rate === null ? null : 1 / rate / 1000;
      return [name, description, isEncrypted ? 'yes' : 'no', target, shown(tookMs, 0)];
    }),
  );
}

function shown(value: number | null, decimals: number): string {
  return value === null ? '–' : value.toFixed(decimals);
}

export function jsonReport(findings: Findings, environment: Environment): string {
  const { peers, leftOut, first, runs } = findings;
  const lines = (values: readonly unknown[]): string =>
    values.length === 0
      ? '[]'
      : `[\n${values.map((value) => JSON.stringify(value, toThreeDecimals)).join(',\n')}\n]`;
  const parts = {
    environment: JSON.stringify(environment),
    peers: lines(peers),
    leftOut: lines(leftOut),
    summaries: lines(summarise(runs)),
    first: lines(first),
    runs: lines(runs),
  };
  const body = Object.entries(parts).map(([name, text]) => `"${name}": ${text}`);
  return `{\n${body.join(',\n')}\n}\n`;
}

function toThreeDecimals(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(3)) : value;
}

/** Every program at every place, as a part of our own speed there. */
export function speedPlot(runs: readonly Run[]): BarPlot {
  const summaries = summarise(runs);
  const places = [...new Set(summaries.map(({ place }) => place))];
  const of = (peer: string, place: string): number | null =>
    summaries.find((summary) => summary.peer === peer && summary.place === place)?.mbPerSec ?? null;
  return {
    title: 'Files from machine to machine: speed, updraft = 1',
    y: 'speed, of updraft’s',
    groups: places,
    series: [...new Set(summaries.map(({ peer }) => peer))].map((name) => ({
      name,
      values: places.map((place) => {
        const [own, its] = [of(OWN, place), of(name, place)];
        return own === null || its === null ? null : Number((its / own).toFixed(3));
      }),
    })),
  };
}
