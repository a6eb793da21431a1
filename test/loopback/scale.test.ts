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

test('the bench of whole transfers says a ratio of speed and of CPU', () => {
  const lines = runBench('loopback/transfer-rate', '2', '1', '1400').split('\n');
  expect(lines.at(-1)).toMatch(/^median ratio \d\.\d+ .* times the blast's$/);
});
