import { type Cell, linkOf, pathOf } from './cell.ts';
import type { FlowResult } from './flow.ts';
import { bdpBytes, idealArrivalUs, limitBytesPerSec } from './limit.ts';
import { DATAGRAM_BYTES, PAYLOAD_BYTES } from './packet-size.ts';
import { type PathResult, runFlows } from './shared-path.ts';
import { sum, TICK_US, tickOf, type Ticks } from './ticks.ts';

/** Start-up is over, for the ratio to ideal doubling, when this much has arrived. */
const STARTUP_BDP = 4;
/** The file whose last byte is timed is what the link can carry in this time. */
export const FILE_SECONDS = 10;

/** One run of a cell. Ratios are parts of 1; null where a flow did not get that far. */
export interface Measures {
  readonly seed: number;
  /** What arrived from the end of Startup on against the limit, ProbeRTT taken out. */
  readonly efficiency: number | null;
  /** By how much ProbeRTT lowers that. */
  readonly probeRttCost: number;
  /** What was read in the whole time against the limit. */
  readonly goodput: number;
  readonly goodputMbitPerSec: number;
  readonly startupEndSec: number | null;
  /** Time of ideal doubling until 4 BDP have arrived, against the flow's. */
  readonly startup: number;
  /** Bytes on the link beyond file and headers, as a part of those. */
  readonly excess: number;
  /** Of all packets sent, those that the bottleneck dropped: in the whole time, and after Startup. */
  readonly dropped: number;
  readonly droppedAfterStartup: number;
  /** Queue before the bottleneck after Startup, in BDP. */
  readonly queueMeanBdp: number;
  readonly queueP95Bdp: number;
  /** Of all packets sent, those taken for lost that were not. */
  readonly spurious: number;
  /** From the first OPEN on. */
  readonly firstByteMs: number | null;
  /** Of a file of ten seconds at the limit; and what ideal doubling would need. */
  readonly lastByteSec: number | null;
  readonly idealLastByteSec: number;
  /** Real time, of this machine. */
  readonly wallSec: number;
}

/** Runs a cell once. */
export function measureCell(cell: Cell, seconds: number, seed: number): Measures {
  const startedAtMs = performance.now();
  const result = runFlows(pathOf(cell, seconds, seed), [{ controller: cell.controller }]);
  return measuresOf(cell, seed, result, (performance.now() - startedAtMs) / 1e3);
}

export function measuresOf(
  cell: Cell,
  seed: number,
  result: PathResult,
  wallSec: number,
): Measures {
  const flow = result.flows[0]!;
  const link = linkOf(cell);
  const limit = limitBytesPerSec(link);
  const seconds = (flow.readByTick.length * TICK_US) / 1e6;
  const oneWayTicks = Math.round((cell.rttMs * 1e3) / 2 / TICK_US);
  const startupEnd = startupEndTick(flow.stateByTick);
  const { sentCountByTick, queueDropCountByTick } = result;
  const sentCount = sentCountByTick.at(-1)!;
  const [sentBefore, droppedBefore] = [sentCountByTick, queueDropCountByTick].map((counts) =>
    startupEnd === undefined ? 0 : counts[startupEnd]!,
  ) as [number, number];
  const bytes = bdpBytes(cell);
  const queue = result.queueByTick.slice(startupEnd ?? 0);
  const startupBytes = STARTUP_BDP * bytes * (limit / ((cell.rateMbitPerSec * 1e6) / 8));
  const fileBytes = FILE_SECONDS * limit;
  return {
    seed,
    ...efficiencyOf(flow, startupEnd, oneWayTicks, limit),
    goodput: sum(flow.readByTick) / (limit * seconds),
    goodputMbitPerSec: (8 * sum(flow.readByTick)) / seconds / 1e6,
    startupEndSec: startupEnd === undefined ? null : (startupEnd * TICK_US) / 1e6,
    startup: idealArrivalUs(link, startupBytes) / arrivalUs(flow.arrivedByTick, startupBytes),
    excess: flow.sentBytes / ((flow.firstSentBytes / PAYLOAD_BYTES) * DATAGRAM_BYTES) - 1,
    dropped: queueDropCountByTick.at(-1)! / sentCount,
    droppedAfterStartup:
      (queueDropCountByTick.at(-1)! - droppedBefore) / Math.max(1, sentCount - sentBefore),
    queueMeanBdp: sum(queue) / queue.length / bytes,
    queueP95Bdp: quantile(queue, 0.95) / bytes,
    spurious: flow.spuriouslyLostCount / flow.packetsSentCount,
    firstByteMs: finite(flow.firstByteUs / 1e3),
    lastByteSec: finite(arrivalUs(flow.readByTick, fileBytes) / 1e6),
    idealLastByteSec: idealArrivalUs(link, fileBytes) / 1e6,
    wallSec,
  };
}

/** The first tick after Startup; undefined where it did not end. A flow without states has none. */
export function startupEndTick(states: readonly (string | undefined)[]): number | undefined {
  const start = states.indexOf('startup');
  if (start < 0) return tickOf(0);
  const end = states.findIndex((state, tick) => tick > start && state !== 'startup');
  return end < 0 ? undefined : end;
}

/**
 * What was sent at a tick arrives a one-way delay later, so states are compared with what arrived then.
 */
export function efficiencyOf(
  flow: Pick<FlowResult, 'arrivedByTick' | 'stateByTick'>,
  startupEnd: number | undefined,
  oneWayTicks: number,
  limit: number,
): { efficiency: number | null; probeRttCost: number } {
  if (startupEnd === undefined) return { efficiency: null, probeRttCost: 0 };
  const all = { bytes: 0, ticks: 0 };
  const probing = { bytes: 0, ticks: 0 };
  for (let tick = startupEnd; tick + oneWayTicks < flow.arrivedByTick.length; tick++) {
    const bytes = flow.arrivedByTick[tick + oneWayTicks]!;
    for (const part of flow.stateByTick[tick] === 'probeRtt' ? [all, probing] : [all]) {
      part.bytes += bytes;
      part.ticks++;
    }
  }
  const bytesPerTick = (limit * TICK_US) / 1e6;
  const withProbes = all.bytes / all.ticks / bytesPerTick;
  const efficiency = (all.bytes - probing.bytes) / (all.ticks - probing.ticks) / bytesPerTick;
  return { efficiency, probeRttCost: efficiency - withProbes };
}

/** When this many bytes had come, by interpolation within the tick; Infinity where they had not. */
export function arrivalUs(bytesByTick: Ticks, bytes: number): number {
  let left = bytes;
  for (const [tick, came] of bytesByTick.entries()) {
    if (came >= left) return (tick + left / came) * TICK_US;
    left -= came;
  }
  return Infinity;
}

export function quantile(values: Iterable<number>, part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
