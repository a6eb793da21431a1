/**
 * How cost grows, over loopback, with the number of transfers at once into one socket, and with the size of
 * one file:
 *
 *     npm run bench:growth -- [--rounds 5] [--counts 1,10,100,1000] [--mib 256] [--datagram 1400]
 *                             [--sizes 1,10,100,1000,10000] [--stored-mb 1000] [--save]
 *
 * Each round of each line is beside a raw blast. `--mib` is of all transfers together, `--sizes` are 10^6
 * bytes. Files up to `--stored-mb` go from tmpfs to tmpfs; of all sizes a file that is one hole goes to a
 * receiver that stores nothing. `--save` writes the tables, all runs and the plots to `bench/results`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readEnvironment } from '../simulated/environment.ts';
import { runScript } from './alternate.ts';
import { type Cost, type Growth, growthPlot, growthTable, type Point } from './growth-report.ts';
import type { ManyResult } from './many-once.ts';
import type { Rate } from './process-pair.ts';
import type { SparseResult } from './sparse-once.ts';
import type { TransferRate } from './transfer-once.ts';

const RESULTS = join(import.meta.dirname, '../results');
const MEASURED = ['src', 'bench/loopback'];
const MB = 1e6;
const MIB = 2 ** 20;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    counts: { type: 'string', default: '1,10,100,1000' },
    mib: { type: 'string', default: '256' },
    datagram: { type: 'string', default: '1400' },
    sizes: { type: 'string', default: '1,10,100,1000,10000' },
    'stored-mb': { type: 'string', default: '1000' },
    save: { type: 'boolean', default: false },
  },
});
const counts = wholeNumbers('counts', values.counts);
const sizesMb = wholeNumbers('sizes', values.sizes);
const storedMb = sizesMb.filter((sizeMb) => sizeMb <= Number(values['stored-mb']));

function wholeNumbers(name: string, text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every((value) => Number.isInteger(value) && value > 0)) return numbers;
  console.error(`--${name} are whole numbers above 0, as 1,10,100: ${text}`);
  process.exit(2);
}

/** What one run shows by itself. */
type Measured = Omit<Cost, 'share'>;

function many(count: number): Measured {
  const args = [String(count), values.mib, values.datagram];
  const result = runScript('many-once.ts', args) as ManyResult;
  if (result.intactCount < count) {
    throw new Error(
      `${result.intactCount} of ${count} files came whole: ${result.failures.join('; ')}`,
    );
  }
  return result;
}

function stored(sizeMb: number): Measured {
  const mebibytes = Math.max(1, Math.round((sizeMb * MB) / MIB));
  const rate = runScript('transfer-once.ts', [String(mebibytes)]) as TransferRate;
  return { ...rate, cpuSecPerGiB: rate.sendCpuSecPerGiB + rate.receiveCpuSecPerGiB };
}

function unstored(sizeMb: number): Measured {
  const result = runScript('sparse-once.ts', [String(sizeMb)]) as SparseResult;
  if (result.totalBytes !== sizeMb * MB) throw new Error(`only ${result.totalBytes} bytes came`);
  return result;
}

/** One line of a plot while it is measured. */
class Line {
  readonly name: string;
  readonly points: Point[];
  readonly #measure: (amount: number) => Measured;

  constructor(name: string, amounts: readonly number[], measure: (amount: number) => Measured) {
    this.name = name;
    this.points = amounts.map((amount) => ({ amount, costs: [] }));
    this.#measure = measure;
  }

  /** Beside a raw blast of the same minute. */
  runOnce(): void {
    const raw = runScript('raw-blast.ts', [values.datagram, values.mib]) as Rate;
    for (const [index, { amount, costs }] of this.points.entries()) {
      const { mbPerSec, cpuSecPerGiB, sendRssBytes, receiveRssBytes } = this.#measure(amount);
      const share = mbPerSec / raw.mbPerSec;
      const cost = { mbPerSec, share, cpuSecPerGiB, sendRssBytes, receiveRssBytes };
      this.points[index] = { amount, costs: [...costs, cost] };
      console.error(`${this.name}, ${amount}: ${mbPerSec.toFixed(1)} MB/s`);
    }
  }
}

const atOnce = new Line(`${values.mib} MiB in all, ${values.datagram} B`, counts, many);
const fileToFile = new Line('file to file', storedMb, stored);
const toNothing = new Line('a hole to nothing', sizesMb, unstored);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const line of [atOnce, fileToFile, toNothing]) line.runOnce();
}

const byTransfers: Growth = {
  title: 'Cost by the number of transfers at once into one socket',
  axis: 'transfers at once',
  lines: [atOnce],
};
const bySize: Growth = {
  title: 'Cost by the size of a file',
  axis: 'size of the file, MB',
  lines: [fileToFile, toNothing],
};
const environment = readEnvironment(MEASURED);
const { commit, isDirty, node, cpu } = environment;
const report = [
  '# How cost grows',
  `Commit ${commit.slice(0, 12)}${isDirty ? ' with changes' : ''}, Node ${node}, ${cpu}. Loopback; medians (lowest–highest). The raw blast sends ${values.datagram} B.`,
  `## ${byTransfers.title}`,
  growthTable(byTransfers),
  `## ${bySize.title}`,
  growthTable(bySize),
].join('\n\n');
console.log(report);
if (values.save) {
  const { svgOf } = await import('../simulated/line-plot.ts');
  mkdirSync(RESULTS, { recursive: true });
  const plots = { 'cost-by-transfers': byTransfers, 'cost-by-size': bySize };
  for (const [name, growth] of Object.entries(plots)) {
    writeFileSync(join(RESULTS, `${name}.svg`), svgOf(growthPlot(growth)));
  }
  const images = Object.entries(plots).map(([name, { title }]) => `![${title}](${name}.svg)`);
  writeFileSync(join(RESULTS, 'growth.md'), `${report}\n\n${images.join('\n\n')}\n`);
  const all = { environment, byTransfers, bySize };
  writeFileSync(join(RESULTS, 'growth.json'), `${JSON.stringify(all, undefined, 1)}\n`);
}
