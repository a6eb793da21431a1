import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CrowdResult } from '../../bench/loopback/crowd.ts';
import { runBench } from '../program/bench.ts';

test('people send to one receiver at once, and it to them, and every file is intact', () => {
  const result = JSON.parse(runBench('loopback/crowd', '2', '7', '0.25')) as CrowdResult;
  expect(result).toMatchObject({
    intactCount: 7,
    failures: [],
    toReceiver: { count: 4 },
    fromReceiver: { count: 2 },
  });
  expect(result.toReceiver.spread).toBeGreaterThanOrEqual(1);
});

test('the bench of many small files finds all of them intact, and says a ratio', () => {
  const folder = mkdtempSync(join(tmpdir(), 'updraft-scale-'));
  try {
    const lines = runBench('loopback/small-files-rate', '300', '4096', '1', folder).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^local .* {2}transfer .* {2}ratio \d/);
    expect(lines[3]).toMatch(/^median ratio \d+\.\d{3} /);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the bench of many transfers at once finds every file intact, and says what they cost', () => {
  const rows = runBench('loopback/many-rate', '1', '2', '1400', '20').split('\n');
  expect(rows.at(-1)).toMatch(/^\| 20 \| 20 \| \d+\.\d\d \| \d+\.\d\d \| \d+\.\d % \| /);
});

test('the bench of whole transfers says a ratio of speed and of CPU, and how late event loops were', () => {
  const lines = runBench('loopback/transfer-rate', '2', '1', '1400').split('\n');
  expect(lines.at(-2)).toMatch(/ {2}loop p99 \d+\.\d \+ \d+\.\d ms$/);
  expect(lines.at(-1)).toMatch(
    /^median ratio \d\.\d+ .* loop p99 \d+\.\d ms .* times the blast's$/,
  );
});

test('the bench of the transport alone says what a fixed window and BBR have of the blast', () => {
  const lines = runBench('loopback/unsealed-rate', '2', '1', '1400', '64').split('\n');
  expect(lines.at(-2)).toMatch(/^fixed: speed \d\.\d{3} .*, CPU \d+\.\d{3} .* of the blast's$/);
  expect(lines.at(-1)).toMatch(/^bbr: speed \d\.\d{3} .*, CPU \d+\.\d{3} .* of the blast's$/);
});

test('the bench of loss has its receiver drop what it says, and says a ratio to a run without', () => {
  const lines = runBench('loopback/drop-rate', '2', '1', '1400', '0.05').split('\n');
  const [, again] = /^no loss \d+\.\d {2}5 % \d+\.\d \(sent again (\d+\.\d) %\)$/.exec(lines[2]!)!;
  // Of 1,500 packets: four standard deviations below. What was sent again too early may come on top.
  expect(Number(again)).toBeGreaterThan(2.7);
  expect(lines[3]).toMatch(/^5 % dropped: median ratio \d+\.\d{3} /);
});

test('the bench of growth has a row for each number of transfers and each size', () => {
  const report = runBench(
    'loopback/growth',
    ...['--rounds', '1', '--counts', '2', '--mib', '1', '--sizes', '1'],
  );
  const rows = report.split('\n').filter((line) => /^\| \d/.test(line));
  expect(
    rows.map((row) =>
      row
        .split('|')
        .slice(1, 3)
        .map((cell) => cell.trim()),
    ),
  ).toEqual([
    ['2', '1 MiB in all, 1400 B'],
    ['1', 'file to file'],
    ['1', 'a hole to nothing'],
  ]);
  expect(report).not.toContain('NaN');
});
