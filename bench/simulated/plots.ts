import { type Cell, linkOf, pathOf } from './cell.ts';
import { contests, runContest } from './contest.ts';
import { bdpBytes, limitBytesPerSec } from './limit.ts';
import type { LinePlot, Series } from './line-plot.ts';
import { FLOW_SECONDS } from './plan.ts';
import { runFlows } from './shared-path.ts';
import type { CellSummary } from './summary.ts';
import { sum, TICK_US, type Ticks } from './ticks.ts';

/** The link that plots show. */
const LINK = { rateMbitPerSec: 100, rttMs: 50, bufferBdp: 1 } as const;
const LINK_TEXT = '100 Mbit/s, 50 ms, buffer 1 BDP';
const FLOW: Cell = {
  ...LINK,
  loss: 0.01,
  weather: 'clear',
  controller: 'bbr',
  hasProductCredit: false,
};
const FLOW_SPAN_TICKS = 10;
const CONTEST_SPAN_TICKS = 50;
const SEED = 1;

/** By the names of their files. */
export function plots(summaries: readonly CellSummary[]): Record<string, LinePlot> {
  return {
    'efficiency-by-loss': efficiencyByLoss(summaries),
    'flow-over-time': flowOverTime(),
    'two-flows-over-time': twoFlowsOverTime(),
  };
}

/** Of the cells of one link in clear weather, a line a controller. */
export function efficiencyByLoss(summaries: readonly CellSummary[]): LinePlot {
  const shown = summaries.filter(
    ({ cell }) =>
      cell.rateMbitPerSec === LINK.rateMbitPerSec &&
      cell.rttMs === LINK.rttMs &&
      cell.bufferBdp === LINK.bufferBdp &&
      cell.weather === 'clear' &&
      !cell.hasProductCredit,
  );
  const controllers = [...new Set(shown.map(({ cell }) => cell.controller))];
  return {
    title: `Efficiency by loss: ${LINK_TEXT}`,
    x: 'loss, %',
    y: 'efficiency, of 1',
    series: controllers.map((name) => ({
      name,
      points: shown
        .filter(({ cell }) => cell.controller === name)
        .map(({ cell, median }) => [100 * cell.loss, median.efficiency ?? 0]),
    })),
  };
}

function flowOverTime(): LinePlot {
  const result = runFlows(pathOf(FLOW, FLOW_SECONDS, SEED), [{ controller: FLOW.controller }]);
  const limitMbit = (8 * limitBytesPerSec(linkOf(FLOW))) / 1e6;
  const queue = means(result.queueByTick, FLOW_SPAN_TICKS);
  return {
    title: `One flow and its queue: ${LINK_TEXT}, 1 % loss`,
    x: 'seconds',
    y: 'arrived, Mbit/s of payload',
    right: 'queue, BDP',
    series: [
      { name: 'arrived', points: mbitOverTime(result.flows[0]!.arrivedByTick, FLOW_SPAN_TICKS) },
      limitLine(limitMbit, FLOW_SECONDS),
      {
        name: 'queue',
        isRight: true,
        points: queue.map((bytes, at) => [secondsAt(at, FLOW_SPAN_TICKS), bytes / bdpBytes(FLOW)]),
      },
    ],
  };
}

function twoFlowsOverTime(): LinePlot {
  const contest = contests(['bbr']).find(
    ({ name, path }) => name === 'two flows, one later' && path.queueBdp === LINK.bufferBdp,
  )!;
  const { flows } = runContest(contest, SEED);
  const fairMbit = (8 * limitBytesPerSec({ ...LINK, loss: 0 })) / 1e6 / flows.length;
  return {
    title: `Two flows: ${LINK_TEXT}`,
    x: 'seconds',
    y: 'arrived, Mbit/s of payload',
    series: [
      ...flows.map(({ arrivedByTick }, nth) => ({
        name: nth === 0 ? 'first' : 'five seconds later',
        points: mbitOverTime(arrivedByTick, CONTEST_SPAN_TICKS),
      })),
      { ...limitLine(fairMbit, contest.seconds), name: 'half of the limit' },
    ],
  };
}

function limitLine(mbit: number, seconds: number): Series {
  return {
    name: 'limit',
    isLimit: true,
    points: [
      [0, mbit],
      [seconds, mbit],
    ],
  };
}

function mbitOverTime(bytesByTick: Ticks, spanTicks: number): [number, number][] {
  const mbitPerByte = 8 / TICK_US;
  return means(bytesByTick, spanTicks).map((bytes, at) => [
    secondsAt(at, spanTicks),
    bytes * mbitPerByte,
  ]);
}

/** Of each whole span. */
function means(values: Ticks, spanTicks: number): number[] {
  return Array.from(
    { length: Math.floor(values.length / spanTicks) },
    (_, at) => sum(values.subarray(at * spanTicks, (at + 1) * spanTicks)) / spanTicks,
  );
}

/** The middle of a span. */
function secondsAt(at: number, spanTicks: number): number {
  return Number((((at + 0.5) * spanTicks * TICK_US) / 1e6).toFixed(3));
}
