import { expect, test } from 'vitest';
import { runBench } from '../program/bench.ts';

test('the bench of the driver runs, loses nothing, and says a ratio for each pair', () => {
  const lines = runBench('loopback/driver-rate', '1400', '2', '2').split('\n');
  expect(lines.length).toBe(5);
  for (const line of lines.slice(2, 4)) {
    expect(line).toMatch(
      /^raw \d+\.\d \(0\.0000, .* µs\) {2}driver \d+\.\d \(0\.0000, .* µs\) {2}ratio /u,
    );
  }
  expect(lines[4]).toMatch(/^median ratio \d\.\d{3} /u);
});
