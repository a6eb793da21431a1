/**
 * What random loss costs: whole transfers over loopback whose receiver drops a share of its datagrams,
 * beside one that drops none, in turn, so that all meet the same minute of the machine:
 * `tsx bench/loopback/drop-rate.ts [MiB] [rounds] [datagram bytes] [SHARE…]`, by default five rounds of 256
 * MiB, datagrams as the engine finds them, and shares of 0.01 and 0.05.
 */
import { cpus } from 'node:os';
import { compiledScript } from '../compiled.ts';
import { median, runScript } from './alternate.ts';
import type { TransferRate } from './transfer-once.ts';

const [mebibytes = '256', rounds = '5', datagramBytes = 'auto', ...wanted] = process.argv.slice(2);
const shares = wanted.length > 0 ? wanted : ['0.01', '0.05'];
const preload = ['--import', compiledScript('loopback/drop-datagrams.ts')];

function run(share: string): TransferRate {
  process.env['UPDRAFT_BENCH_DROP'] = share;
  const rate = runScript('transfer-once.ts', [mebibytes, datagramBytes], preload) as TransferRate;
  // What was dropped has been sent again: else this shows nothing.
  if (rate.retransmittedShare < Number(share) / 2) {
    throw new Error(`only ${rate.retransmittedShare} was sent again, with ${share} to be dropped`);
  }
  return rate;
}

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
console.log(`${mebibytes} MiB file to file, ${datagramBytes}-byte datagrams, MB/s`);
const ratios = new Map<string, number[]>(shares.map((share) => [share, []]));
for (let round = 0; round < Number(rounds); round++) {
  // The order turns over from round to round.
  const order = round % 2 === 0 ? ['0', ...shares] : [...shares.toReversed(), '0'];
  const rates = new Map(order.map((share) => [share, run(share)]));
  const clear = rates.get('0')!.mbPerSec;
  const parts = shares.map((share) => {
    const { mbPerSec, retransmittedShare } = rates.get(share)!;
    ratios.get(share)!.push(mbPerSec / clear);
    const again = (100 * retransmittedShare).toFixed(1);
    return `${percent(share)} ${mbPerSec.toFixed(1)} (sent again ${again} %)`;
  });
  console.log(`no loss ${clear.toFixed(1)}  ${parts.join('  ')}`);
}
for (const [share, values] of ratios) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  console.log(
    `${percent(share)} dropped: median ratio ${median(values).toFixed(3)} ` +
      `(${least.toFixed(3)} to ${most.toFixed(3)})`,
  );
}

function percent(share: string): string {
  return `${Number((100 * Number(share)).toFixed(3))} %`;
}
