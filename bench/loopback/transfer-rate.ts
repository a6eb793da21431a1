/**
 * Whole transfers against the raw blast, alternately, so that both meet the same minute of the
 * machine: `tsx bench/loopback/transfer-rate.ts [MiB] [pairs] [datagram bytes] [controller] [window]`.
 * With `auto` (the default) the engine finds the size of its datagrams, and the blast sends 1400 bytes.
 */
import { cpus } from 'node:os';
import { median, runScript } from './alternate.ts';
import { GIB, type Rate } from './process-pair.ts';
import type { TransferRate } from './transfer-once.ts';

const [mebibytes = '256', pairs = '5', datagramBytes = 'auto', ...policy] = process.argv.slice(2);
const blastBytes = datagramBytes === 'auto' ? '1400' : datagramBytes;

const ratios: number[] = [];
const cpuSecPerGiB: number[] = [];
const cpuRatios: number[] = [];
const loopP99Ms: number[] = [];
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
console.log(`${mebibytes} MiB file to file, ${datagramBytes}-byte datagrams, MB/s`);
for (let pair = 0; pair < Number(pairs); pair++) {
  const blast = (): Rate => runScript('raw-blast.ts', [blastBytes, mebibytes]) as Rate;
  const send = (): TransferRate =>
    runScript('transfer-once.ts', [mebibytes, datagramBytes, ...policy]) as TransferRate;
  // Each goes first as often as the other.
  const isRawFirst = pair % 2 === 0;
  const first = isRawFirst ? blast() : undefined;
  const transfer = send();
  const raw = first ?? blast();
  const ratio = transfer.mbPerSec / raw.mbPerSec;
  const cpu = transfer.sendCpuSecPerGiB + transfer.receiveCpuSecPerGiB;
  ratios.push(ratio);
  const rawCpu = ((raw.sendCpuUs + raw.receiveCpuUs) / 1e6) * (GIB / Number(blastBytes));
  cpuSecPerGiB.push(cpu);
  cpuRatios.push(cpu / rawCpu);
  loopP99Ms.push(transfer.sendLoopP99Ms, transfer.receiveLoopP99Ms);
  console.log(
    `raw ${raw.mbPerSec.toFixed(1)}  transfer ${transfer.mbPerSec.toFixed(1)}  ` +
      `ratio ${ratio.toFixed(3)}  sent again ${(100 * transfer.retransmittedShare).toFixed(2)} %  ` +
      `CPU-s/GiB ${rawCpu.toFixed(2)}, ${transfer.sendCpuSecPerGiB.toFixed(2)} + ${transfer.receiveCpuSecPerGiB.toFixed(2)}  ` +
      `RSS ${mb(transfer.sendRssBytes)} + ${mb(transfer.receiveRssBytes)}  ` +
      `loop p99 ${transfer.sendLoopP99Ms.toFixed(1)} + ${transfer.receiveLoopP99Ms.toFixed(1)} ms`,
  );
}
console.log(
  `median ratio ${median(ratios).toFixed(3)} ` +
    `(${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}), ` +
    `event loop p99 ${Math.max(...loopP99Ms).toFixed(1)} ms at most, ` +
    `median ${median(cpuSecPerGiB).toFixed(2)} CPU-s/GiB both sides, ` +
    `${median(cpuRatios).toFixed(2)} times the blast's`,
);
