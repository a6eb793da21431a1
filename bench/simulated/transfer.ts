import type { FlowSpec } from './flow.ts';
import { idealArrivalUs } from './limit.ts';
import { type PathSpec, runFlows } from './shared-path.ts';

/** A file, or a few at once to one person, over a link of its own. */
export interface Transfer {
  readonly name: string;
  readonly path: Pick<PathSpec, 'rateMbitPerSec' | 'rttMs' | 'queueBdp' | 'loss'>;
  readonly flow: FlowSpec & { readonly bytes: number };
  /** From the first OPEN sent to the last byte at the receiver; undefined where it is compared. */
  readonly mostMs?: number;
}

/** One run of a transfer. */
export interface TransferMeasures {
  readonly seed: number;
  readonly firstByteMs: number;
  readonly lastByteMs: number;
  /** What ideal doubling from the initial window would need. */
  readonly idealLastByteMs: number;
}

const KIB = 1024;
const MIB = KIB * KIB;
const PATH = { rateMbitPerSec: 100, rttMs: 50, queueBdp: 1 };
/** No transfer of these takes as long; one that does has failed. */
const MOST_SECONDS = 60;

/** Small files with their targets, and four files beside one of their size. */
export const transfers: readonly Transfer[] = [
  transfer('100 KiB', 0, 100 * KIB, 180),
  transfer('1 MiB', 0, MIB, 330),
  transfer('100 KiB', 0.01, 100 * KIB),
  transfer('1 MiB', 0.01, MIB),
  transfer('16 MiB', 0, 16 * MIB),
  { ...transfer('four of 4 MiB', 0, 4 * MIB), flow: flowOf(4 * MIB, 4) },
];

function flowOf(bytes: number, streamCount = 1): FlowSpec & { readonly bytes: number } {
  return { controller: 'bbr', bytes, streamCount };
}

function transfer(what: string, loss: number, bytes: number, mostMs?: number): Transfer {
  const name = loss === 0 ? what : `${what}, ${loss * 100} % loss`;
  const path = loss === 0 ? PATH : { ...PATH, loss };
  return { name, path, flow: flowOf(bytes), ...(mostMs === undefined ? {} : { mostMs }) };
}

export function measureTransfer(transfer: Transfer, seed: number): TransferMeasures {
  const { path, flow } = transfer;
  const run = { ...path, isMtuDiscovered: true, seconds: MOST_SECONDS, seed };
  const { firstByteUs, lastByteUs } = runFlows(run, [flow]).flows[0]!;
  const bytes = flow.bytes * (flow.streamCount ?? 1);
  return {
    seed,
    firstByteMs: firstByteUs / 1e3,
    lastByteMs: lastByteUs / 1e3,
    idealLastByteMs: idealArrivalUs({ ...path, loss: path.loss ?? 0 }, bytes) / 1e3,
  };
}
