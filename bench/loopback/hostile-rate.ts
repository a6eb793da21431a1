/**
 * What strangers and an observer cost a transfer over real sockets, beside the same transfer without
 * them, alternately: `tsx bench/loopback/hostile-rate.ts [MiB] [rounds] [strangers] [forgeries each]
 * [window]`; for the window see `hostile-once.ts`.
 */
import { cpus } from 'node:os';
import { median, runScript } from './alternate.ts';
import type { HostileRate } from './hostile-once.ts';

const [mebibytes = '256', rounds = '5', strangers = '100000', forgeries = '1000', ...window] =
  process.argv.slice(2);
const kinds = [
  ['quiet', '0'],
  ['strangers', strangers],
  ['observer', forgeries],
] as const;
const rates = new Map<string, HostileRate[]>(kinds.map(([kind]) => [kind, []]));
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}`);
console.log(`${mebibytes} MiB file to file through a relay`);
for (let round = 0; round < Number(rounds); round++) {
  // Each goes first as often as the others.
  for (let nth = 0; nth < kinds.length; nth++) {
    const [kind, count] = kinds[(round + nth) % kinds.length]!;
    const rate = runScript('hostile-once.ts', [kind, mebibytes, count, ...window]) as HostileRate;
    rates.get(kind)!.push(rate);
    console.log(
      `${kind}: ${rate.mbPerSec.toFixed(1)} MB/s, ${rate.isIntact ? 'intact' : 'DAMAGED'}, ` +
        `${rate.transferCount} transfer, ${rate.hostileCount} hostile datagrams, ` +
        `${rate.answerCount} answers, receiver's CPU ${rate.receiveCpuSec.toFixed(1)} s, RSS ${mb(rate.sendRssBytes)} + ${mb(rate.receiveRssBytes)}`,
    );
  }
}
const [quiet] = kinds.map(([kind]) => rates.get(kind)!);
for (const [kind] of kinds.slice(1)) {
  const hostile = rates.get(kind)!;
  const ratio = median(hostile.map((rate, round) => rate.mbPerSec / quiet![round]!.mbPerSec));
  const more = (side: 'sendRssBytes' | 'receiveRssBytes'): string =>
    mb(median(hostile.map((rate) => rate[side])) - median(quiet!.map((rate) => rate[side])));
  console.log(
    `${kind}: median ${ratio.toFixed(3)} of the quiet speed, ` +
      `RSS ${more('sendRssBytes')} + ${more('receiveRssBytes')} more`,
  );
}
