import { type ControllerName, controllerNames } from '../../src/transfer/core/index.ts';
import { contests } from './contest.ts';
import { BUFFERS_BDP, fullGrid, RATES_MBIT_PER_SEC, smallGrid } from './grid.ts';
import type { Job } from './job.ts';
import { transfers } from './transfer.ts';

/** Virtual seconds of a flow in the grid. */
export const FLOW_SECONDS = 30;
/** Buffer of the contests that the small version shows. */
const SMALL_BUFFER_BDP = 1;

/** What takes a minute: one seed of a few cells, contests and transfers. */
export function smallJobs(): Job[] {
  const seed = 1;
  return [
    ...contests(controllerNames)
      .filter(({ path }) => path.queueBdp === SMALL_BUFFER_BDP)
      .map((contest): Job => ({ kind: 'contest', contest, seed })),
    ...transfers.map((transfer): Job => ({ kind: 'transfer', transfer, seed })),
    ...smallGrid().map((cell): Job => ({ kind: 'cell', cell, seconds: FLOW_SECONDS, seed })),
  ];
}

/** Which part of the grid is run; contests and transfers always are. */
export interface FullPlan {
  readonly controllers: readonly ControllerName[];
  readonly ratesMbitPerSec: readonly number[];
  readonly buffersBdp: readonly number[];
  readonly seedCount: number;
}

export function wholePlan(seedCount: number): FullPlan {
  return {
    controllers: controllerNames,
    ratesMbitPerSec: RATES_MBIT_PER_SEC,
    buffersBdp: BUFFERS_BDP,
    seedCount,
  };
}

/**
 * Everything, the first seed of all before the second of any: a run that was interrupted has seen
 * every cell as often as possible.
 */
export function fullJobs(plan: FullPlan): Job[] {
  const { controllers, ratesMbitPerSec, buffersBdp, seedCount } = plan;
  const cells = fullGrid(controllers).filter(
    ({ rateMbitPerSec, bufferBdp }) =>
      ratesMbitPerSec.includes(rateMbitPerSec) && buffersBdp.includes(bufferBdp),
  );
  return Array.from({ length: seedCount }, (_, nth) => nth + 1).flatMap((seed) => [
    ...transfers.map((transfer): Job => ({ kind: 'transfer', transfer, seed })),
    ...contests(controllerNames).map((contest): Job => ({ kind: 'contest', contest, seed })),
    ...cells.map((cell): Job => ({ kind: 'cell', cell, seconds: FLOW_SECONDS, seed })),
  ]);
}
