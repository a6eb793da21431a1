import type { ControllerName } from '../../src/transfer/core/index.ts';
import type { BurstLoss } from '../../test/sim/wire-elements.ts';
import type { LinkLimits } from './limit.ts';
import type { PathSpec } from './shared-path.ts';

/** Gilbert–Elliott: all packets of a bad state are lost, which lasts four on average; 2 % in all. */
const BURST: BurstLoss = { p: 0.0051, r: 0.25, lossInBad: 1, lossInGood: 0 };
const JITTER_MS = 5;
const REORDER = 0.05;
const ACK_LOSS = 0.5;

/** What a link does beside independent loss. */
export type Weather = 'clear' | 'burst' | 'jitter' | 'reorder' | 'ack-loss';

type WeatherElements = Pick<PathSpec, 'burst' | 'jitterMs' | 'reorder' | 'ackLoss'>;

const weathers: Record<Weather, WeatherElements> = {
  clear: {},
  burst: { burst: BURST },
  jitter: { jitterMs: JITTER_MS },
  reorder: { reorder: REORDER },
  'ack-loss': { ackLoss: ACK_LOSS },
};

/** In the order of reports. */
export const weatherNames = Object.keys(weathers) as readonly Weather[];

/** One flow's conditions: a place in the grid. */
export interface Cell {
  readonly rateMbitPerSec: number;
  readonly rttMs: number;
  /** Independent, of datagrams. */
  readonly loss: number;
  readonly weather: Weather;
  /** Queue before the bottleneck, in bandwidth-delay products. */
  readonly bufferBdp: number;
  readonly controller: ControllerName;
  readonly hasProductCredit: boolean;
}

/** Unique to a cell, and its command line. */
export function argumentsOf(cell: Cell): string {
  const { rateMbitPerSec, rttMs, loss, weather, bufferBdp, controller } = cell;
  return [
    `--rate ${rateMbitPerSec} --rtt ${rttMs} --loss ${loss} --buffer ${bufferBdp}`,
    ...(weather === 'clear' ? [] : [`--weather ${weather}`]),
    ...(cell.hasProductCredit ? ['--product-credit'] : []),
    `--controller ${controller}`,
  ].join(' ');
}

/** Of all packets, what the wire loses on average. */
export function meanLoss({ loss, weather }: Pick<Cell, 'loss' | 'weather'>): number {
  if (weather !== 'burst') return loss;
  const burst = (BURST.p / (BURST.p + BURST.r)) * BURST.lossInBad;
  return 1 - (1 - loss) * (1 - burst);
}

export function linkOf(cell: Cell): LinkLimits {
  return { rateMbitPerSec: cell.rateMbitPerSec, rttMs: cell.rttMs, loss: meanLoss(cell) };
}

export function pathOf(cell: Cell, seconds: number, seed: number): PathSpec {
  return {
    rateMbitPerSec: cell.rateMbitPerSec,
    rttMs: cell.rttMs,
    queueBdp: cell.bufferBdp,
    ...(cell.loss === 0 ? {} : { loss: cell.loss }),
    ...weathers[cell.weather],
    hasProductCredit: cell.hasProductCredit,
    seconds,
    seed,
  };
}
