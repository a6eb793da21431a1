import { formatDuration, formatRate } from '../text/measures.ts';
import { safeLine, safeText, type SafeText } from '../text/safe-text.ts';
import type { LimitCause, TransferLimit } from '../transfer/index.ts';
import { type BenchRun, bytesPerSecOf } from './bench-run.ts';
import { type LinkProfile, possibleBytesPerSec } from './link-profile.ts';

/** What was measured, apart from how it went. */
export interface BenchSetup {
  /** Where the other side is; undefined on loopback. */
  readonly peer: string | undefined;
  readonly link: LinkProfile | undefined;
  /** Of this machine. */
  readonly coreCount: number;
}

/** What limited a bench: as a transfer says, or what only a bench can tell. */
export type BenchLimit = LimitCause | 'link' | 'start' | 'emulator' | 'machine' | 'unknown';

export interface BenchSummary {
  readonly medianBytesPerSec: number;
  readonly leastBytesPerSec: number;
  readonly mostBytesPerSec: number;
  /** Of what the emulated link can carry, from 0 to 1; undefined where no rate was asked for. */
  readonly usedShare: number | undefined;
  readonly limit: BenchLimit;
  /** The verdict in words: a clause without its full stop. */
  readonly verdict: SafeText;
}

/** From this part of what it can carry on an emulated link is what limits. */
export const USED_SHARE = 0.8;
/** From this part of late datagrams on it is the emulation that limits. */
export const LATE_SHARE = 0.1;

/** A run over an emulated link that lasted fewer of its round trips was over before it knew the link. */
export const START_ROUND_TRIPS = 20;

/** Of at least one run. */
export function summaryOf(setup: BenchSetup, runs: readonly BenchRun[]): BenchSummary {
  const sorted = runs.toSorted((one, other) => bytesPerSecOf(one) - bytesPerSecOf(other));
  const median = sorted[Math.floor((sorted.length - 1) / 2)]!;
  const possible = setup.link && possibleBytesPerSec(setup.link);
  const usedShare = possible === undefined ? undefined : bytesPerSecOf(median) / possible;
  return {
    medianBytesPerSec: bytesPerSecOf(median),
    leastBytesPerSec: bytesPerSecOf(sorted[0]!),
    mostBytesPerSec: bytesPerSecOf(sorted.at(-1)!),
    usedShare,
    ...judged(setup, median, usedShare),
  };
}

type Judged = Pick<BenchSummary, 'limit' | 'verdict'>;

function judged(setup: BenchSetup, run: BenchRun, usedShare: number | undefined): Judged {
  const lateShare = lateShareOf(run);
  if (usedShare !== undefined && usedShare >= USED_SHARE) {
    return {
      limit: 'link',
      verdict: safeLine`the link: ${percent(usedShare)} of what it can carry`,
    };
  }
  const { peer, link } = setup;
  if (link !== undefined && run.elapsedMs < START_ROUND_TRIPS * link.rttMs) {
    const text = `the start: in ${formatDuration(run.elapsedMs)} a transfer has hardly found out how fast that link is; try a longer run`;
    return { limit: 'start', verdict: safeText(text) };
  }
  if (link !== undefined && lateShare >= LATE_SHARE) {
    const advice = link.bytesPerSec === undefined ? 'give it a --rate' : 'try a lower --rate';
    const text = `this machine: it is too busy to emulate that link, ${percent(lateShare)} of the datagrams were late; ${advice}`;
    return { limit: 'emulator', verdict: safeText(text) };
  }
  const { limit } = run;
  if (limit === undefined) {
    return { limit: 'unknown', verdict: safeLine`unknown: the other side did not say` };
  }
  if (peer === undefined && link === undefined) {
    return { limit: 'machine', verdict: loopbackText(setup, run) };
  }
  const used = usedShare === undefined ? '' : `; ${percent(usedShare)} of the link was used`;
  return { limit: limit.cause, verdict: safeLine`${causeText(limit, setup)}${used}` };
}

/** Nothing but this machine lies between the two sides. */
function loopbackText({ coreCount }: BenchSetup, run: BenchRun): SafeText {
  const cores = coreCount === 1 ? 'its only core' : `its ${coreCount} cores`;
  return safeLine`this machine: both sides ran on ${cores}; with each on its own a network of less than ${formatRate(bytesPerSecOf(run))} limits`;
}

function causeText({ cause, value }: TransferLimit, { peer, link }: BenchSetup): string {
  const busy = `${(value / 10).toFixed(0)} % busy`;
  switch (cause) {
    case 'sender-cpu':
      return peer === undefined
        ? `this machine: the sender was ${busy}`
        : `the CPU of this side, ${busy}`;
    case 'receiver-cpu':
      return peer === undefined
        ? `this machine: the receiver was ${busy}`
        : `the CPU of the other side, ${busy}`;
    case 'sender-disk':
      return 'this machine: it made the bytes too slowly';
    case 'receiver-disk':
      return peer === undefined
        ? 'this machine: it took the bytes too slowly'
        : 'the other side: it took the bytes too slowly';
    case 'receiver-window':
      return "the receiver's memory for what is on its way";
    case 'loss':
      return `loss: ${(value / 10).toFixed(1)} % of the packets`;
    case 'network-rate':
      return link === undefined
        ? `the network: ${formatRate(value)} got through`
        : `congestion control: it let ${formatRate(value)} through`;
    case 'round-trip':
      return `the round trip of ${(value / 1000).toFixed(1)} ms: most of the time all was on its way; a longer run says more`;
    case 'window':
      return `--window ${value}: so many packets a round trip`;
    case 'rate':
      return `a limit of ${formatRate(value)}`;
  }
}

/** Of all datagrams on the emulated link, those that it passed on late. */
function lateShareOf({ linkReport }: BenchRun): number {
  if (linkReport === undefined) return 0;
  const { out, back } = linkReport;
  const count = out.datagramCount + back.datagramCount;
  return count === 0 ? 0 : (out.lateCount + back.lateCount) / count;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
