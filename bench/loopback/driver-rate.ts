/**
 * The driver against the raw blast, alternately, so that both meet the same minute of the machine:
 * `tsx bench/loopback/driver-rate.ts [datagram bytes] [MiB] [pairs]`.
 */
import { cpus } from 'node:os';
import { median, runScript } from './alternate.ts';
import type { Rate } from './process-pair.ts';

const datagramBytes = process.argv[2] ?? '1400';
const mebibytes = process.argv[3] ?? '256';
const pairCount = Number(process.argv[4] ?? 5);

function run(script: string): Rate {
  return runScript(script, [datagramBytes, mebibytes]) as Rate;
}

function say({ mbPerSec, lostShare, sendCpuUs, receiveCpuUs }: Rate): string {
  const cpu = `${sendCpuUs.toFixed(2)} + ${receiveCpuUs.toFixed(2)} µs`;
  return `${mbPerSec.toFixed(1)} (${lostShare.toFixed(4)}, ${cpu})`;
}

const ratios: number[] = [];
const costs: number[] = [];
console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
console.log(
  `${datagramBytes}-byte datagrams, ${mebibytes} MiB, received MB/s (lost, CPU a datagram)`,
);
for (let pair = 0; pair < pairCount; pair++) {
  // Each goes first as often as the other.
  const isRawFirst = pair % 2 === 0;
  const first = run(isRawFirst ? 'raw-blast.ts' : 'driver-blast.ts');
  const second = run(isRawFirst ? 'driver-blast.ts' : 'raw-blast.ts');
  const [raw, driver] = isRawFirst ? [first, second] : [second, first];
  const ratio = driver.mbPerSec / raw.mbPerSec;
  ratios.push(ratio);
  costs.push((driver.sendCpuUs + driver.receiveCpuUs) / (raw.sendCpuUs + raw.receiveCpuUs));
  console.log(`raw ${say(raw)}  driver ${say(driver)}  ratio ${ratio.toFixed(3)}`);
}
const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
console.log(
  `median ratio ${median(ratios).toFixed(3)} (${least.toFixed(3)} to ${most.toFixed(3)}), ` +
    `CPU ${median(costs).toFixed(3)} of raw`,
);
