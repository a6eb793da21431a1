import type { ControllerName } from '../../src/transfer/core/index.ts';
import type { FlowSpec } from './flow.ts';
import { bdpBytes, limitBytesPerSec } from './limit.ts';
import { type PathResult, type PathSpec, runFlows } from './shared-path.ts';
import { sum, TICK_US } from './ticks.ts';

/** What is asked of a contest: a flow's share, or how even all shares are. */
export type ContestTarget =
  | { readonly flow: number; readonly least: number; readonly most: number }
  | { readonly leastJain: number };

/** Flows on one bottleneck, and from when to when they are compared. */
export interface Contest {
  readonly name: string;
  readonly path: Pick<PathSpec, 'rateMbitPerSec' | 'rttMs' | 'queueBdp'>;
  readonly flows: readonly FlowSpec[];
  readonly fromSeconds: number;
  readonly seconds: number;
  readonly target: ContestTarget;
}

/** One run of a contest; all but `fairFromSec` from `fromSeconds` to its end. */
export interface ContestMeasures {
  readonly seed: number;
  /** Of what arrived, each flow's part. */
  readonly shares: readonly number[];
  /** Jain's index of the shares: 1 when all are equal, 1/n when one has all. */
  readonly jain: number;
  /** What arrived in all against the limit. */
  readonly used: number;
  readonly queueMeanBdp: number;
  /** Of all packets sent, those that the bottleneck dropped. */
  readonly dropped: number;
  /** From here to the end no span of five seconds has a Jain's index under 0.9; null if the last has. */
  readonly fairFromSec: number | null;
}

const LINK = { rateMbitPerSec: 100, rttMs: 50 };
const BUFFERS_BDP = [0.1, 0.25, 0.5, 1, 4];
const FAIR_JAIN = 0.9;
const SPAN_SECONDS = 5;
const HALF: ContestTarget = { flow: 0, least: 0.4, most: 0.6 };

/** Every contest that these controllers allow. */
export function contests(known: readonly ControllerName[]): Contest[] {
  const all = BUFFERS_BDP.flatMap(contestsAt);
  return all.filter(({ flows }) => flows.every(({ controller }) => known.includes(controller)));
}

function contestsAt(queueBdp: number): Contest[] {
  const path = { ...LINK, queueBdp };
  const bbr: FlowSpec = { controller: 'bbr' };
  const cubic: FlowSpec = { controller: 'cubic' };
  // CUBIC has what the other leaves it: half of its fair share, or nearly all.
  const beside = (controller: ControllerName, least: number): Contest => ({
    ...{ name: `cubic beside ${controller}`, path, flows: [cubic, { controller }] },
    ...{ fromSeconds: 10, seconds: 60, target: { flow: 0, least, most: 1 } },
  });
  return [
    {
      ...{ name: 'two flows at once', path, flows: [bbr, bbr] },
      ...{ fromSeconds: 10, seconds: 30, target: HALF },
    },
    {
      ...{ name: 'two flows, one later', path, flows: [bbr, { ...bbr, startSeconds: 5 }] },
      ...{ fromSeconds: 15, seconds: 40, target: HALF },
    },
    {
      ...{ name: 'five flows, a second apart', path },
      flows: Array.from({ length: 5 }, (_, startSeconds) => ({ ...bbr, startSeconds })),
      ...{ fromSeconds: 35, seconds: 40, target: { leastJain: FAIR_JAIN } },
    },
    {
      ...{ name: 'four streams of a pair beside a stranger', path },
      ...{ flows: [{ ...bbr, streamCount: 4 }, bbr], fromSeconds: 10, seconds: 30, target: HALF },
    },
    beside('bbr', 0.25),
    beside('ledbat', 0.9),
  ];
}

export function runContest(contest: Contest, seed: number): PathResult {
  return runFlows({ ...contest.path, seconds: contest.seconds, seed }, contest.flows);
}

export function measureContest(contest: Contest, seed: number): ContestMeasures {
  return contestMeasuresOf(contest, seed, runContest(contest, seed));
}

export function contestMeasuresOf(
  contest: Contest,
  seed: number,
  result: PathResult,
): ContestMeasures {
  const { path, fromSeconds, seconds } = contest;
  const [fromTick, toTick] = [tickAt(fromSeconds), tickAt(seconds)];
  const arrived = bytesBetween(result, fromTick, toTick);
  const limit = limitBytesPerSec({ ...path, loss: 0 }) * (seconds - fromSeconds);
  const [sentCount, dropCount] = [result.sentCountByTick, result.queueDropCountByTick].map(
    (counts) => counts[toTick - 1]! - counts[fromTick]!,
  ) as [number, number];
  const queue = result.queueByTick.slice(fromTick, toTick);
  return {
    seed,
    shares: arrived.map((bytes) => bytes / sum(arrived)),
    jain: jainIndex(arrived),
    used: sum(arrived) / limit,
    queueMeanBdp: sum(queue) / queue.length / bdpBytes(path),
    dropped: dropCount / sentCount,
    fairFromSec: fairFromSec(result, seconds),
  };
}

/** Jain's index: (Σx)² / (n Σx²). */
export function jainIndex(values: readonly number[]): number {
  return sum(values) ** 2 / (values.length * sum(values.map((value) => value ** 2)));
}

function bytesBetween({ flows }: PathResult, fromTick: number, toTick: number): number[] {
  return flows.map(({ arrivedByTick }) => sum(arrivedByTick.subarray(fromTick, toTick)));
}

function fairFromSec(result: PathResult, seconds: number): number | null {
  let fairFrom: number | null = null;
  for (let from = seconds - SPAN_SECONDS; from >= 0; from--) {
    const arrived = bytesBetween(result, tickAt(from), tickAt(from + SPAN_SECONDS));
    if (!(jainIndex(arrived) >= FAIR_JAIN)) break;
    fairFrom = from;
  }
  return fairFrom;
}

function tickAt(seconds: number): number {
  return Math.round((seconds * 1e6) / TICK_US);
}
