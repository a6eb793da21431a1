import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, '../../bench/loopback/driver-rate.ts');

test('the bench of the driver runs, loses nothing, and says a ratio for each pair', () => {
  const args = ['--import', 'tsx', script, '1400', '2', '2'];
  const output = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 90_000 });
  const lines = output.trimEnd().split('\n');
  expect(lines.length).toBe(5);
  for (const line of lines.slice(2, 4)) {
    expect(line).toMatch(
      /^raw \d+\.\d \(0\.0000, .* µs\) {2}driver \d+\.\d \(0\.0000, .* µs\) {2}ratio /u,
    );
  }
  expect(lines[4]).toMatch(/^median ratio \d\.\d{3} /u);
});
