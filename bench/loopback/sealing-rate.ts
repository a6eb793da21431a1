/**
 * What sealing and tags cost: sealed and plain streams alternately, so that both meet the same minute of
 * the machine: `tsx bench/loopback/sealing-rate.ts [MiB] [pairs] [datagram bytes]`.
 */
import { cpus } from 'node:os';
import { median, runScript } from './alternate.ts';
import type { SealingRate } from './sealing-once.ts';

const [mebibytes = '256', pairs = '5', datagramBytes = '1400'] = process.argv.slice(2);

function run(kind: 'sealed' | 'plain'): SealingRate {
  return runScript('sealing-once.ts', [kind, mebibytes, datagramBytes]) as SealingRate;
}

function cpuOf({ sendCpuSecPerGiB, receiveCpuSecPerGiB }: SealingRate): number {
  return sendCpuSecPerGiB + receiveCpuSecPerGiB;
}

function say(rate: SealingRate): string {
  const { mbPerSec, sendCpuSecPerGiB, receiveCpuSecPerGiB, packetsLostCount } = rate;
  const cpu = `${sendCpuSecPerGiB.toFixed(2)} + ${receiveCpuSecPerGiB.toFixed(2)} CPU-s/GiB`;
  return `${mbPerSec.toFixed(1)} MB/s, ${cpu}, ${packetsLostCount} lost`;
}

const ratios: number[] = [];
const costs: number[] = [];
console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
console.log(`${mebibytes} MiB of records in ${datagramBytes}-byte datagrams`);
for (let pair = 0; pair < Number(pairs); pair++) {
  // Each goes first as often as the other.
  const kinds = pair % 2 === 0 ? (['plain', 'sealed'] as const) : (['sealed', 'plain'] as const);
  const [first, second] = kinds.map(run);
  const [plain, sealed] = pair % 2 === 0 ? [first!, second!] : [second!, first!];
  ratios.push(sealed.mbPerSec / plain.mbPerSec);
  costs.push(cpuOf(sealed) / cpuOf(plain));
  console.log(`plain ${say(plain)}  sealed ${say(sealed)}  ratio ${ratios.at(-1)!.toFixed(3)}`);
}
console.log(
  `median ratio ${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ` +
    `${Math.max(...ratios).toFixed(3)}), CPU ${median(costs).toFixed(3)} of plain`,
);
