import { expect, test } from 'vitest';
import { svgOf } from '../../bench/peers/bar-plot.ts';
import { readPeerArguments } from '../../bench/peers/arguments.ts';
import type { Run } from '../../bench/peers/measure.ts';
import { allPeers, chosen } from '../../bench/peers/programs/all.ts';
import { jsonReport, markdownReport, speedPlot, summarise } from '../../bench/peers/report.ts';
import { cpuSecOf, hasListener } from '../../bench/peers/side-process.ts';

const environment = { commit: 'c0ffee', isDirty: false, node: 'v20', cpu: '2 × any' };
const peers = chosen(allPeers('/nowhere'), ['updraft', 'scp']);

function runs(peer: string, ...rates: readonly (number | null)[]): Run[] {
  return rates.map((mbPerSec, round) => ({
    ...{ peer, place: 'loopback', round, sizeBytes: 2 ** 20, mbPerSec },
    ...(mbPerSec === null
      ? { cpuSecPerGiB: null, failure: 'not done after 60 s' }
      : { cpuSecPerGiB: 1 + round }),
  }));
}

test('a ratio is the median of those of each round, not that of the medians', () => {
  const [, scp] = summarise([...runs('updraft', 100, 200, 900), ...runs('scp', 50, 400, 300)]);
  expect(scp).toMatchObject({ mbPerSec: 300, lowest: 50, highest: 400, cpuSecPerGiB: 2 });
  expect(scp!.ownRatio).toBe(2);
});

test('a run that failed counts as slower than any other, and its reason is told', () => {
  const all = [...runs('updraft', 100, 100, 100), ...runs('scp', 50, null, null)];
  const [, scp] = summarise(all);
  expect(scp).toMatchObject({ mbPerSec: null, lowest: null, highest: 50, runCount: 3 });
  const report = markdownReport({ peers, leftOut: [], first: [], runs: all }, environment);
  expect(report).toMatch(/^\| scp +\| +– \(––50\.0\) \| +2\.00 \| +1\.00 \| 1 of 3 \|$/m);
  expect(report).toContain('- scp: not done after 60 s');
});

test('a program that is left out is in the report, with the reason', () => {
  const leftOut = [{ name: 'udx', reason: 'no udx-native in /nowhere' }];
  const findings = { peers, leftOut, first: [], runs: runs('updraft', 1) };
  expect(markdownReport(findings, environment)).toContain('- udx: no udx-native in /nowhere');
  expect(JSON.parse(jsonReport(findings, environment))).toMatchObject({ leftOut });
});

test('the plot has a bar for each program at each place, as a part of our own speed there', () => {
  const link = runs('scp', 10).map((run) => ({ ...run, place: 'a link' }));
  const plot = speedPlot([...runs('updraft', 100), ...runs('scp', 50), ...link]);
  expect(plot).toMatchObject({
    groups: ['loopback', 'a link'],
    series: [
      { name: 'updraft', values: [1, null] },
      { name: 'scp', values: [0.5, null] },
    ],
  });
  expect(svgOf(plot)).toContain('>a link<');
});

test.each([
  ['--link 100,50,0', '--netlab'],
  ['--netlab X --link 100,50', '100,50,0.01'],
  ['--netlab X --link 100,50,1', '100,50,0.01'],
  ['--rounds 0', 'above 0'],
  ['--mib 1.5', 'whole'],
])('what cannot be run is refused with the next step: %s', (text, step) => {
  expect(() => readPeerArguments(text.split(' '))).toThrow(step);
});

test('links run where their emulator is named, three of them by default', () => {
  expect(readPeerArguments([])).toMatchObject({ links: [], hasLoopback: true, rounds: 5 });
  expect(readPeerArguments(['--netlab', 'X']).links).toHaveLength(3);
  expect(readPeerArguments('--netlab X --link 20,100,0.02'.split(' ')).links).toEqual([
    { rateMbitPerSec: 20, rttMs: 100, loss: 0.02 },
  ]);
});

test('a program that nobody knows is refused, with those that there are', () => {
  expect(() => chosen(peers, ['rcp'])).toThrow('no program is called rcp: --peers takes some of');
});

test('the CPU time of a program is the second line that a shell tells', () => {
  expect(cpuSecOf('0m0.00s 0m0.01s\n1m2.50s 0m0.25s\n')).toBeCloseTo(62.75);
  expect(cpuSecOf('')).toBeNaN();
});

test('only a socket that hears everybody on the port is a listener', () => {
  const table = (local: string, state: string): string =>
    `  sl  local_address rem_address   st\n   0: ${local} 00000000:0000 ${state} 00000000:00000000\n`;
  expect(hasListener(table('0100007F:1F90', '0A'), 8080)).toBe(true);
  expect(hasListener(table('00000000000000000000000001000000:1F90', '07'), 8080)).toBe(true);
  expect(hasListener(table('0100007F:1F90', '06'), 8080)).toBe(false);
  expect(hasListener(table('0100007F:1F91', '0A'), 8080)).toBe(false);
});
