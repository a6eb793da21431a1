import { expect, test } from 'vitest';
import { allCases } from '../../bench/micro/all-cases.ts';
import { measureCase } from '../../bench/micro/micro-case.ts';

test('every case of the micro bench has the result that it should, however many operations', () => {
  for (const micro of allCases) {
    const run = micro.prepare();
    // More than a flight, and more than a batch of records.
    for (const count of [1, 2, micro.bytes === undefined ? 1_500 : 70]) run(count);
  }
});

test('no two cases have one name', () => {
  const names = allCases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test('a cost is CPU time an operation, however many of them a sample has', () => {
  const busyUs = 20;
  const hold = (count: number): void => {
    const before = process.cpuUsage();
    for (let spent = 0; spent < count * busyUs;) {
      const { user, system } = process.cpuUsage(before);
      spent = user + system;
    }
  };
  const { cpuNs, lowestNs, highestNs, mbPerSec } = measureCase(
    { name: 'held', bytes: 1_000, prepare: () => hold },
    2,
  );
  expect(lowestNs).toBeGreaterThanOrEqual(busyUs * 1e3);
  expect(cpuNs).toBeGreaterThanOrEqual(lowestNs);
  expect(highestNs).toBeGreaterThanOrEqual(cpuNs);
  expect(mbPerSec).toBeCloseTo(1e6 / cpuNs, 6);
});
