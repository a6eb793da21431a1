import { parseArgs } from 'node:util';
import { type ControllerName, controllerNames } from '../../src/transfer/core/index.ts';
import { type Cell, type Weather, weatherNames } from './cell.ts';
import { BUFFERS_BDP, RATES_MBIT_PER_SEC } from './grid.ts';
import { FLOW_SECONDS, type FullPlan } from './plan.ts';

/** What the command line asks for. */
export type Options =
  | { readonly kind: 'small' }
  | { readonly kind: 'full'; readonly plan: FullPlan }
  | {
      readonly kind: 'cell';
      readonly cell: Cell;
      readonly seconds: number;
      readonly seedCount: number;
    };

const DEFAULT_SEED_COUNT = 5;

/** Without arguments the small version, with `--full` the grid, with anything else one cell. */
export function readArguments(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      full: { type: 'boolean', default: false },
      controllers: { type: 'string', default: controllerNames.join() },
      rates: { type: 'string', default: RATES_MBIT_PER_SEC.join() },
      buffers: { type: 'string', default: BUFFERS_BDP.join() },
      rate: { type: 'string', default: '100' },
      rtt: { type: 'string', default: '50' },
      loss: { type: 'string', default: '0' },
      buffer: { type: 'string', default: '1' },
      weather: { type: 'string', default: 'clear' },
      controller: { type: 'string', default: 'bbr' },
      'product-credit': { type: 'boolean', default: false },
      seeds: { type: 'string', default: String(DEFAULT_SEED_COUNT) },
      seconds: { type: 'string', default: String(FLOW_SECONDS) },
    },
  });
  if (args.length === 0) return { kind: 'small' };
  const seedCount = number('seeds', values.seeds);
  if (values.full) {
    const controllers = values.controllers.split(',').map(controllerNamed);
    const ratesMbitPerSec = numbers('rates', values.rates);
    const buffersBdp = numbers('buffers', values.buffers);
    return { kind: 'full', plan: { controllers, ratesMbitPerSec, buffersBdp, seedCount } };
  }
  const cell: Cell = {
    rateMbitPerSec: number('rate', values.rate),
    rttMs: number('rtt', values.rtt),
    loss: number('loss', values.loss),
    weather: weatherNamed(values.weather),
    bufferBdp: number('buffer', values.buffer),
    controller: controllerNamed(values.controller),
    hasProductCredit: values['product-credit'],
  };
  return { kind: 'cell', cell, seconds: number('seconds', values.seconds), seedCount };
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0) {
    throw new Error(`--${name} is a number: ${text}`);
  }
  return value;
}

function numbers(name: string, text: string): number[] {
  return text.split(',').map((part) => number(name, part));
}

function controllerNamed(name: string): ControllerName {
  const found = controllerNames.find((known) => known === name);
  if (found === undefined) throw new Error(`no controller is called ${name}`);
  return found;
}

function weatherNamed(name: string): Weather {
  const found = weatherNames.find((known) => known === name);
  if (found === undefined) throw new Error(`no weather is called ${name}`);
  return found;
}
