/**
 * What one structure at a time costs: `npm run bench:micro -- [CPU milliseconds a sample] [part of a name]`,
 * by default 100 ms, five samples each. Prints a Markdown table of CPU time an operation.
 */
import { cpus } from 'node:os';
import { markdownTable } from '../simulated/table.ts';
import { allCases } from './all-cases.ts';
import { measureCase } from './micro-case.ts';

const [sampleMs = '100', part = ''] = process.argv.slice(2);
const cases = allCases.filter(({ name }) => name.includes(part));
if (cases.length === 0) {
  console.error(`no case has ${part} in its name`);
  process.exit(2);
}
console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}\n`);
const rows = cases.map((micro) => {
  const { name, cpuNs, lowestNs, highestNs, mbPerSec } = measureCase(micro, Number(sampleMs));
  const spread = `${cpuNs.toFixed(0)} (${lowestNs.toFixed(0)}–${highestNs.toFixed(0)})`;
  return [name, spread, mbPerSec?.toFixed(0) ?? ''];
});
console.log(markdownTable(['operation', 'CPU ns', 'MB / CPU s'], rows));
