import type { ControllerName } from '../../src/transfer/core/index.ts';
import { type Cell, type Weather, weatherNames } from './cell.ts';

export const RATES_MBIT_PER_SEC: readonly number[] = [20, 100, 500, 1000];
const RTTS_MS = [10, 50, 200];
const LOSSES = [0, 0.01, 0.02, 0.05, 0.1];
export const BUFFERS_BDP: readonly number[] = [0.1, 0.25, 0.5, 1, 4];

/** What the wire does: a column of the grid. */
export interface WireColumn {
  readonly loss: number;
  readonly weather: Weather;
}

/** Independent losses, then the weathers, which add none. */
export const wireColumns: readonly WireColumn[] = [
  ...LOSSES.map((loss) => ({ loss, weather: 'clear' as const })),
  ...weatherNames.filter((name) => name !== 'clear').map((weather) => ({ loss: 0, weather })),
];

/** What a link is: a row of the grid. */
export interface LinkRow {
  readonly rateMbitPerSec: number;
  readonly rttMs: number;
  readonly bufferBdp: number;
}

/** Slow links first: their cells cost least. */
export const linkRows: readonly LinkRow[] = RATES_MBIT_PER_SEC.flatMap((rateMbitPerSec) =>
  RTTS_MS.flatMap((rttMs) =>
    BUFFERS_BDP.map((bufferBdp) => ({ rateMbitPerSec, rttMs, bufferBdp })),
  ),
);

/** Every cell of these controllers, one controller after the other. */
export function fullGrid(controllers: readonly ControllerName[]): Cell[] {
  return controllers.flatMap((controller) => [
    ...linkRows.flatMap((row) =>
      wireColumns.map((column) => ({ ...row, ...column, controller, hasProductCredit: false })),
    ),
    ...productCreditCells(controller),
  ]);
}

/** Where 64 MiB are less than 6 BDP, and credit might be the limit. */
function productCreditCells(controller: ControllerName): Cell[] {
  return [500, 1000].flatMap((rateMbitPerSec) =>
    LOSSES.map((loss) => ({
      ...{ rateMbitPerSec, rttMs: 200, bufferBdp: 1, loss },
      ...{ weather: 'clear' as const, controller, hasProductCredit: true },
    })),
  );
}

/** A cell of each kind, for a look that takes seconds. */
export function smallGrid(): Cell[] {
  const base: Cell = {
    rateMbitPerSec: 100,
    rttMs: 50,
    bufferBdp: 1,
    loss: 0,
    weather: 'clear',
    controller: 'bbr',
    hasProductCredit: false,
  };
  return [
    ...LOSSES.map((loss) => ({ ...base, loss })),
    ...weatherNames.filter((name) => name !== 'clear').map((weather) => ({ ...base, weather })),
    { ...base, bufferBdp: 0.1 },
    { ...base, bufferBdp: 0.25, loss: 0.05 },
    { ...base, bufferBdp: 4, loss: 0.01 },
    { ...base, rateMbitPerSec: 20, rttMs: 200, loss: 0.02 },
    { ...base, rateMbitPerSec: 500, rttMs: 10, loss: 0.01 },
    { ...base, controller: 'cubic' },
    { ...base, controller: 'cubic', loss: 0.01 },
  ];
}
