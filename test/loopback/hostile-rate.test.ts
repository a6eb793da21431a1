import { expect, test } from 'vitest';
import type { HostileRate } from '../../bench/loopback/hostile-once.ts';
import { runBench } from '../program/bench.ts';
import { attackNames } from '../scenarios/observer.ts';

function runOnce(kind: string, mebibytes: number, count: number): HostileRate {
  return JSON.parse(
    runBench('loopback/hostile-once', kind, String(mebibytes), String(count)),
  ) as HostileRate;
}

test('strangers get no answer from real sockets and let in nothing, and the file arrives intact', () => {
  const { hostileCount, ...rate } = runOnce('strangers', 64, 2_000);
  expect(rate).toMatchObject({ isIntact: true, answerCount: 0, transferCount: 1 });
  expect(hostileCount).toBeGreaterThan(0);
});

test('an observer between real sockets changes nothing, on the same connection', () => {
  const { hostileCount, ...rate } = runOnce('observer', 32, 100);
  expect(rate).toMatchObject({ isIntact: true, answerCount: 0, transferCount: 1 });
  expect(hostileCount).toBe(100 * attackNames.length);
});

test('the bench of sealing runs, and says a ratio for each pair', () => {
  const lines = runBench('loopback/sealing-rate', '2', '2').split('\n');
  expect(lines).toHaveLength(5);
  for (const line of lines.slice(2, 4)) expect(line).toMatch(/^plain .* {2}sealed .* {2}ratio \d/);
  expect(lines[4]).toMatch(/^median ratio \d\.\d{3} /);
});
