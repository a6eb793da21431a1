/**
 * How cost grows with the number of transfers at once into one socket:
 * `tsx bench/loopback/many-rate.ts [rounds] [MiB in all] [datagram bytes] [COUNT…]`, by default one
 * round of 256 MiB in 1400-byte datagrams by 1, 10, 100 and 1,000 transfers, each beside a raw blast.
 * Prints a Markdown table of medians.
 */
import { cpus } from 'node:os';
import { median, runScript } from './alternate.ts';
import type { ManyResult } from './many-once.ts';
import type { Rate } from './process-pair.ts';

const [rounds = '1', mebibytes = '256', datagramBytes = '1400', ...wanted] = process.argv.slice(2);
const counts = wanted.length > 0 ? wanted : ['1', '10', '100', '1000'];
const mb = (bytes: number): string => (bytes / 1e6).toFixed(0);

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, ${rounds} rounds\n`);
console.log(
  '| transfers | intact | share of the raw blast | last / first end | sent again | CPU s per GiB | RSS MB, sender + receiver |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const count of counts) {
  const results: { readonly share: number; readonly many: ManyResult }[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    const raw = runScript('raw-blast.ts', [datagramBytes, mebibytes]) as Rate;
    const many = runScript('many-once.ts', [count, mebibytes, datagramBytes]) as ManyResult;
    for (const failure of many.failures) console.error(failure);
    results.push({ share: many.mbPerSec / raw.mbPerSec, many });
  }
  const of = (value: (many: ManyResult) => number): number =>
    median(results.map(({ many }) => value(many)));
  const cells = [
    count,
    `${Math.min(...results.map(({ many }) => many.intactCount))}`,
    median(results.map(({ share }) => share)).toFixed(2),
    of(({ lastEndMs, firstEndMs }) => lastEndMs / firstEndMs).toFixed(2),
    `${(100 * of(({ retransmittedShare }) => retransmittedShare)).toFixed(1)} %`,
    of(({ cpuSecPerGiB }) => cpuSecPerGiB).toFixed(1),
    `${mb(of(({ sendRssBytes }) => sendRssBytes))} + ${mb(of(({ receiveRssBytes }) => receiveRssBytes))}`,
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
