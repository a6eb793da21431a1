import { expect, test } from 'vitest';
import { runBench } from '../program/bench.ts';

test('the bench of pacing runs, and says of each rate how it was kept by both kinds of timers', () => {
  const [, , ...lines] = runBench('loopback/pacing', '0.2').split('\n');
  expect(lines.map((line) => line.split(/ +/).slice(0, 2).join(' '))).toEqual(
    ['10', '100', '1000'].flatMap((rate) => [`${rate} timer`, `${rate} fine`]),
  );
  for (const line of lines) expect(line).toMatch(/ \d\.\d{4} .* \d+ %$/u);
});
