import { parseArgs } from 'node:util';
import type { ControllerName } from '../../src/transfer/core/index.ts';
import { argumentsOf, type Cell, type Weather } from './cell.ts';
import { measureCell } from './measures.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '100' },
    rtt: { type: 'string', default: '50' },
    loss: { type: 'string', default: '0' },
    buffer: { type: 'string', default: '1' },
    weather: { type: 'string', default: 'clear' },
    controller: { type: 'string', default: 'bbr' },
    'product-credit': { type: 'boolean', default: false },
    seeds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
  },
});
const cell: Cell = {
  rateMbitPerSec: Number(values.rate),
  rttMs: Number(values.rtt),
  loss: Number(values.loss),
  weather: values.weather as Weather,
  bufferBdp: Number(values.buffer),
  controller: values.controller as ControllerName,
  hasProductCredit: values['product-credit'],
};
console.log(argumentsOf(cell));
for (let seed = 1; seed <= Number(values.seeds); seed++) {
  const measures = measureCell(cell, Number(values.seconds), seed);
  console.log(
    Object.entries(measures)
      .map(
        ([name, value]: [string, number | null]) =>
          `${name} ${value === null ? '–' : +value.toFixed(4)}`,
      )
      .join('  '),
  );
}
