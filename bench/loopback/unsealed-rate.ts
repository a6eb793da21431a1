/**
 * The transport alone against the raw blast: one stream of records without keys, files and hashes, by a fixed
 * window and by BBR, in turn: `tsx bench/loopback/unsealed-rate.ts [MiB] [rounds] [datagram bytes] [window]`.
 */
import { cpus } from 'node:os';
import { median, runScript } from './alternate.ts';
import { GIB, type Rate } from './process-pair.ts';
import type { SealingRate } from './sealing-once.ts';

const [mebibytes = '1024', rounds = '5', datagramBytes = '1400', window = '512'] =
  process.argv.slice(2);

type Kind = 'raw' | 'fixed' | 'bbr';
interface Measure {
  readonly mbPerSec: number;
  readonly cpuSecPerGiB: number;
}

function run(kind: Kind): Measure {
  if (kind === 'raw') {
    const rate = runScript('raw-blast.ts', [datagramBytes, mebibytes]) as Rate;
    const datagrams = GIB / Number(datagramBytes);
    const cpuSecPerGiB = ((rate.sendCpuUs + rate.receiveCpuUs) / 1e6) * datagrams;
    return { mbPerSec: rate.mbPerSec, cpuSecPerGiB };
  }
  const policy = kind === 'fixed' ? ['fixed', window] : ['bbr'];
  const args = ['plain', mebibytes, datagramBytes, ...policy];
  const rate = runScript('sealing-once.ts', args) as SealingRate;
  const cpuSecPerGiB = rate.sendCpuSecPerGiB + rate.receiveCpuSecPerGiB;
  return { mbPerSec: rate.mbPerSec, cpuSecPerGiB };
}

function say(name: string, values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${name} ${median(values).toFixed(3)} (${least.toFixed(3)} to ${most.toFixed(3)})`;
}

const speeds = { fixed: [] as number[], bbr: [] as number[] };
const costs = { fixed: [] as number[], bbr: [] as number[] };
console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
console.log(
  `${mebibytes} MiB of records in ${datagramBytes}-byte datagrams, fixed window ${window}`,
);
for (let round = 0; round < Number(rounds); round++) {
  // The order turns over from round to round.
  const kinds = ['raw', 'fixed', 'bbr'] as const;
  const order = round % 2 === 0 ? kinds : kinds.toReversed();
  const measures = new Map(order.map((kind) => [kind, run(kind)]));
  const raw = measures.get('raw')!;
  for (const kind of ['fixed', 'bbr'] as const) {
    const { mbPerSec, cpuSecPerGiB } = measures.get(kind)!;
    speeds[kind].push(mbPerSec / raw.mbPerSec);
    costs[kind].push(cpuSecPerGiB / raw.cpuSecPerGiB);
  }
  const shown = kinds.map((kind) => `${kind} ${measures.get(kind)!.mbPerSec.toFixed(1)} MB/s`);
  console.log(shown.join('  '));
}
for (const kind of ['fixed', 'bbr'] as const) {
  console.log(`${say(`${kind}: speed`, speeds[kind])}, ${say('CPU', costs[kind])} of the blast's`);
}
