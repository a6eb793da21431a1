import { expect, test } from 'vitest';
import { BenchTable, headLine, summaryLines } from '../../src/bench/bench-report.ts';
import type { BenchRun } from '../../src/bench/bench-run.ts';
import type { DirectionCounters } from '../../src/bench/link-direction.ts';
import type { LinkProfile } from '../../src/bench/link-profile.ts';
import {
  type BenchSetup,
  LATE_SHARE,
  START_ROUND_TRIPS,
  summaryOf,
  USED_SHARE,
} from '../../src/bench/verdict.ts';
import { type LimitCause, limitCauses } from '../../src/transfer/index.ts';

const LINK: LinkProfile = { bytesPerSec: 12_500_000, rttMs: 50, lossShare: 0.01, seed: 1 };
/** What it can carry. */
const POSSIBLE = (12_500_000 * 0.99 * 1_444) / 1_500;

const loopback: BenchSetup = { peer: undefined, link: undefined, coreCount: 2 };
const emulated: BenchSetup = { ...loopback, link: LINK };
const peer: BenchSetup = { ...loopback, peer: '192.0.2.2 port 7000' };

function direction(changes: Partial<DirectionCounters> = {}): DirectionCounters {
  const none = { lostCount: 0, queueFullCount: 0, tooLargeCount: 0, lateCount: 0 };
  return { datagramCount: 1_000, ...none, ...changes };
}

function run(bytesPerSec: number, cause: LimitCause, changes: Partial<BenchRun> = {}): BenchRun {
  return {
    bytes: bytesPerSec * 2,
    elapsedMs: 2_000,
    retransmittedBytes: bytesPerSec / 50,
    packetsLostCount: 12,
    limit: { cause, value: 500 },
    linkReport: undefined,
    ...changes,
  };
}

test('the median run is the figure, of an even number the slower one of the middle', () => {
  const runs = [30e6, 10e6, 20e6, 40e6].map((rate) => run(rate, 'network-rate'));
  expect(summaryOf(peer, runs)).toMatchObject({
    medianBytesPerSec: 20e6,
    leastBytesPerSec: 10e6,
    mostBytesPerSec: 40e6,
    usedShare: undefined,
  });
});

test('an emulated link that is used to four fifths is what limits, whatever else was seen', () => {
  const busy = { linkReport: { out: direction({ lateCount: 900 }), back: direction() } };
  const used = summaryOf(emulated, [run(POSSIBLE * USED_SHARE, 'loss', busy)]);
  expect(used).toMatchObject({ limit: 'link', verdict: 'the link: 80 % of what it can carry' });
  const unused = summaryOf(emulated, [run(POSSIBLE * (USED_SHARE - 0.01), 'loss')]);
  expect(unused.limit).toBe('loss');
  expect(unused.verdict).toBe('loss: 50.0 % of the packets; 79 % of the link was used');
});

test('a run of fewer round trips than a start takes says so, and not that the link was bad', () => {
  const long = START_ROUND_TRIPS * LINK.rttMs;
  const short = run(1e6, 'network-rate', { elapsedMs: long - 1, bytes: 1e6 });
  expect(summaryOf(emulated, [short])).toMatchObject({ limit: 'start' });
  expect(summaryOf(emulated, [{ ...short, elapsedMs: long }])).toMatchObject({
    limit: 'network-rate',
  });
  expect(summaryOf(peer, [short])).toMatchObject({ limit: 'network-rate' });
});

test('a machine that is too busy to emulate the link is named before the transfer is', () => {
  const late = (lateCount: number): BenchRun =>
    run(5e6, 'network-rate', { linkReport: { out: direction({ lateCount }), back: direction() } });
  const summary = summaryOf(emulated, [late(LATE_SHARE * 2_000)]);
  expect(summary.limit).toBe('emulator');
  expect(summary.verdict).toContain('10 % of the datagrams were late; try a lower --rate');
  expect(summaryOf(emulated, [late(LATE_SHARE * 2_000 - 1)]).limit).toBe('network-rate');
  const unbounded = { ...emulated, link: { ...LINK, bytesPerSec: undefined } };
  expect(summaryOf(unbounded, [late(2_000)]).verdict).toContain('give it a --rate');
});

test('on loopback without a link the machine limits, and it says below which network it does not', () => {
  expect(summaryOf(loopback, [run(150e6, 'network-rate')])).toMatchObject({
    limit: 'machine',
    verdict:
      'this machine: both sides ran on its 2 cores; with each on its own a network of less than 150.0 MB/s limits',
  });
  expect(summaryOf({ ...loopback, coreCount: 1 }, [run(1e6, 'loss')]).verdict).toContain(
    'its only core',
  );
});

test.each(limitCauses)('%s between two machines has words of its own', (cause) => {
  const { limit, verdict } = summaryOf(peer, [run(5e6, cause)]);
  expect(limit).toBe(cause);
  expect(verdict).not.toMatch(/undefined|NaN|emulat/);
  const others = limitCauses.filter((other) => other !== cause);
  expect(others.map((other) => summaryOf(peer, [run(5e6, other)]).verdict)).not.toContain(verdict);
});

test('a side that does not say what limited is not guessed at', () => {
  expect(summaryOf(peer, [run(5e6, 'loss', { limit: undefined })])).toMatchObject({
    limit: 'unknown',
    verdict: 'unknown: the other side did not say',
  });
});

test('the table has the columns that the setup can fill, and no line over 80 columns', () => {
  const out = direction({ lostCount: 10, queueFullCount: 25 });
  const measured = run(11e6, 'network-rate', { linkReport: { out, back: direction() } });
  const table = new BenchTable(emulated);
  const lines = [table.head, table.row(measured, 100)];
  expect(lines).toEqual([
    'run      size      time        rate  of the link   lost  queue full  sent again',
    '100   22.0 MB     2.0 s   11.0 MB/s         92 %  1.0 %       2.5 %       1.0 %',
  ]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(new BenchTable(peer).head).toBe('run      size      time        rate  sent again');
  const unbounded = { ...emulated, link: { ...LINK, bytesPerSec: undefined } };
  expect(new BenchTable(unbounded).head).not.toMatch(/of the link|queue/);
});

test('the head says what lies between, the end what was measured and why', () => {
  expect(headLine(loopback)).toBe('Loopback, both sides on this machine');
  expect(headLine(peer)).toBe('To 192.0.2.2 port 7000');
  expect(headLine(emulated)).toBe(
    'Emulated link: 12.5 MB/s, queue 625.0 kB, 50 ms more, 1 % lost, seed 1',
  );
  const runs = [run(10e6, 'loss'), run(11e6, 'loss'), run(9e6, 'loss')];
  expect(summaryLines(emulated, summaryOf(emulated, runs), 3)).toEqual([
    'median 10.0 MB/s (9.0 MB/s to 11.0 MB/s); the link can carry 11.9 MB/s',
    'limited by the link: 84 % of what it can carry',
  ]);
  const one = summaryLines(peer, summaryOf(peer, [run(10e6, 'loss')]), 1);
  expect(one[0]).toBe('10.0 MB/s');
});
