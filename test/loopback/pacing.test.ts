import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, '../../bench/loopback/pacing.ts');

test('the bench of pacing runs, and says of each rate how it was kept by both kinds of timers', () => {
  const output = execFileSync(process.execPath, ['--import', 'tsx', script, '0.2'], {
    encoding: 'utf8',
    timeout: 90_000,
  });
  const [, , ...lines] = output.trimEnd().split('\n');
  expect(lines.map((line) => line.split(/ +/).slice(0, 2).join(' '))).toEqual(
    ['10', '100', '1000'].flatMap((rate) => [`${rate} timer`, `${rate} fine`]),
  );
  for (const line of lines) expect(line).toMatch(/ \d\.\d{4} .* \d+ %$/u);
});
