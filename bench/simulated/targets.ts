import { type Cell, meanLoss } from './cell.ts';
import type { CellSummary } from './summary.ts';

/** What a flow of the default controller is to reach where the buffer is not tiny. */
const EFFICIENCY_BY_LOSS: readonly (readonly [mostLoss: number, least: number])[] = [
  [0.01, 0.95],
  [0.02, 0.93],
  [0.05, 0.9],
  [0.1, 0.85],
];
const LEAST_EFFICIENCY_OF_ANY_SEED = 0.75;
const LEAST_EFFICIENCY = { burst: 0.9, 'ack-loss': 0.85 };
/** What jitter or reordering may cost against the same link without. */
const MOST_WEATHER_COST = 0.02;
/** From this buffer on, in BDP, the efficiencies hold. */
const EFFICIENCY_BUFFER_BDP = 0.25;
/** Bytes beyond file and headers, above the loss. */
const MOST_EXCESS = 0.02;
const EXCESS_BUFFER_BDP = 0.5;
const MOST_DROPPED = 0.01;
const DROPPED_BUFFER_BDP = 0.1;
const MOST_QUEUE_BDP = 0.3;

/** A target that a cell misses. */
export interface Miss {
  readonly what: string;
  readonly value: number;
  readonly target: number;
}

/**
 * The targets that the median of a cell's seeds misses. `clear` is the same cell in clear weather,
 * where it was measured.
 */
export function missesOf(summary: CellSummary, clear?: CellSummary): Miss[] {
  const { cell, median } = summary;
  if (cell.controller !== 'bbr' || cell.hasProductCredit) return [];
  const misses: Miss[] = [];
  const atLeast = (what: string, value: number, target: number): void => {
    if (value < target) misses.push({ what, value, target });
  };
  const atMost = (what: string, value: number, target: number): void => {
    if (value > target) misses.push({ what, value, target });
  };
  if (cell.bufferBdp >= EFFICIENCY_BUFFER_BDP) {
    const target = leastEfficiency(cell, clear);
    if (target !== undefined) atLeast('efficiency', median.efficiency ?? 0, target);
    atLeast('lowest efficiency', summary.lowestEfficiency ?? 0, LEAST_EFFICIENCY_OF_ANY_SEED);
  }
  if (cell.bufferBdp >= EXCESS_BUFFER_BDP) {
    atMost('excess', median.excess, meanLoss(cell) + MOST_EXCESS);
  }
  if (cell.bufferBdp === DROPPED_BUFFER_BDP) atMost('dropped', median.dropped, MOST_DROPPED);
  atMost('queue', median.queueMeanBdp, MOST_QUEUE_BDP);
  return misses;
}

/** Undefined where it depends on a cell that was not measured. */
function leastEfficiency(cell: Cell, clear: CellSummary | undefined): number | undefined {
  switch (cell.weather) {
    case 'burst':
    case 'ack-loss':
      return LEAST_EFFICIENCY[cell.weather];
    case 'jitter':
    case 'reorder': {
      const efficiency = clear?.median.efficiency;
      return efficiency === undefined || efficiency === null
        ? undefined
        : efficiency - MOST_WEATHER_COST;
    }
    case 'clear':
      return EFFICIENCY_BY_LOSS.find(([mostLoss]) => cell.loss <= mostLoss)?.[1];
  }
}
