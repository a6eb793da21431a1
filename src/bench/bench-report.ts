import { formatBytes, formatDuration, formatRate } from '../text/measures.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import { type BenchRun, bytesPerSecOf } from './bench-run.ts';
import { type LinkProfile, possibleBytesPerSec, queueBytesOf } from './link-profile.ts';
import { type BenchSetup, type BenchSummary, percent } from './verdict.ts';

/** `Emulated link to 192.0.2.2 port 7000: 12.5 MB/s, queue 625.0 kB, 50 ms more, 1 % lost, seed 1`. */
export function headLine({ peer, link }: BenchSetup): SafeText {
  const to = peer === undefined ? '' : ` to ${peer}`;
  if (link !== undefined) return safeLine`Emulated link${to}: ${linkText(link)}`;
  return peer === undefined ? safeLine`Loopback, both sides on this machine` : safeLine`To ${peer}`;
}

function linkText(link: LinkProfile): string {
  const { bytesPerSec, rttMs, lossShare, seed } = link;
  const rate =
    bytesPerSec === undefined
      ? []
      : [formatRate(bytesPerSec), `queue ${formatBytes(queueBytesOf(link, bytesPerSec))}`];
  const lossPercent = Number((lossShare * 100).toFixed(4));
  return [...rate, `${rttMs} ms more`, `${lossPercent} % lost`, `seed ${seed}`].join(', ');
}

interface Column {
  readonly name: string;
  readonly columns: number;
  readonly cell: (run: BenchRun, nth: number) => string;
}

/** Lines of a table, each as soon as its run is over; no wider than 80 columns. */
export class BenchTable {
  readonly #columns: readonly Column[];

  constructor({ link }: BenchSetup) {
    const possible = link && possibleBytesPerSec(link);
    const ofSent = (count: (run: BenchRun) => number, run: BenchRun): string =>
      percent(count(run) / Math.max(1, run.linkReport?.out.datagramCount ?? 0));
    const optional: Column[] = [];
    if (possible !== undefined) {
      const share = (run: BenchRun): string => percent(bytesPerSecOf(run) / possible);
      optional.push({ name: 'of the link', columns: 11, cell: share });
    }
    if (link !== undefined) {
      const lost = (run: BenchRun): string =>
        ofSent(({ linkReport }) => linkReport?.out.lostCount ?? 0, run);
      optional.push({ name: 'lost', columns: 5, cell: lost });
    }
    if (possible !== undefined) {
      const full = (run: BenchRun): string =>
        ofSent(({ linkReport }) => linkReport?.out.queueFullCount ?? 0, run);
      optional.push({ name: 'queue full', columns: 10, cell: full });
    }
    this.#columns = [
      { name: 'run', columns: 3, cell: (_run, nth) => `${nth}` },
      { name: 'size', columns: 8, cell: ({ bytes }) => formatBytes(bytes) },
      { name: 'time', columns: 8, cell: ({ elapsedMs }) => formatDuration(elapsedMs) },
      { name: 'rate', columns: 10, cell: (run) => formatRate(bytesPerSecOf(run)) },
      ...optional,
      {
        name: 'sent again',
        columns: 10,
        cell: (run) => percent(run.retransmittedBytes / run.bytes),
      },
    ];
  }

  get head(): SafeText {
    const names = this.#columns.map(({ name, columns }) => name.padStart(columns));
    return safeLine`${names.join('  ')}`;
  }

  /** `nth` counts from 1. */
  row(run: BenchRun, nth: number): SafeText {
    const cells = this.#columns.map(({ cell, columns }) => cell(run, nth).padStart(columns));
    return safeLine`${cells.join('  ')}`;
  }
}

/** The last two lines: the figure, and what it means. */
export function summaryLines(
  setup: BenchSetup,
  summary: BenchSummary,
  runCount: number,
): readonly SafeText[] {
  const { medianBytesPerSec, leastBytesPerSec, mostBytesPerSec, verdict } = summary;
  const possible = setup.link && possibleBytesPerSec(setup.link);
  const spread = `${formatRate(leastBytesPerSec)} to ${formatRate(mostBytesPerSec)}`;
  const of = possible === undefined ? '' : `; the link can carry ${formatRate(possible)}`;
  const median = formatRate(medianBytesPerSec);
  return [
    safeLine`${runCount === 1 ? median : `median ${median} (${spread})`}${of}`,
    safeLine`limited by ${verdict}`,
  ];
}

const REPORT_VERSION = 1;

/** What `upd bench --json` prints (docs/bench.schema.json). */
export function benchReport(
  setup: BenchSetup,
  runs: readonly BenchRun[],
  summary: BenchSummary,
  nowMs: number,
): object {
  const { peer, link } = setup;
  const possible = link && possibleBytesPerSec(link);
  return {
    v: REPORT_VERSION,
    t: 'bench',
    ms: nowMs,
    exit: 0,
    where: peer === undefined ? 'loopback' : 'peer',
    ...(peer === undefined ? {} : { peer }),
    ...(link && { link: linkFacts(link, possible) }),
    runs: runs.map((run) => runFacts(run)),
    medianBytesPerSec: Math.round(summary.medianBytesPerSec),
    leastBytesPerSec: Math.round(summary.leastBytesPerSec),
    mostBytesPerSec: Math.round(summary.mostBytesPerSec),
    ...(summary.usedShare === undefined ? {} : { usedShare: summary.usedShare }),
    limit: summary.limit,
    verdict: summary.verdict,
  };
}

function linkFacts(link: LinkProfile, possible: number | undefined): object {
  const { bytesPerSec, rttMs, lossShare, seed } = link;
  const rate =
    bytesPerSec === undefined || possible === undefined
      ? {}
      : {
          bytesPerSec,
          queueBytes: Math.round(queueBytesOf(link, bytesPerSec)),
          possibleBytesPerSec: Math.round(possible),
        };
  return { ...rate, rttMs, lossShare, seed };
}

function runFacts(run: BenchRun): object {
  const { bytes, elapsedMs, retransmittedBytes, packetsLostCount, limit, linkReport } = run;
  return {
    ...{ bytes, elapsedMs, bytesPerSec: Math.round(bytesPerSecOf(run)) },
    ...{ retransmittedBytes, packetsLost: packetsLostCount },
    ...(limit && { limitedBy: limit }),
    ...(linkReport && { out: linkReport.out, back: linkReport.back }),
  };
}
