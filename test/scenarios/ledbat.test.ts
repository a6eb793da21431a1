import { expect, test } from 'vitest';
import { runFlows } from '../../bench/simulated/shared-path.ts';
import { limitBytesPerSec } from '../../bench/simulated/limit.ts';
import { sum, tickOf } from '../../bench/simulated/ticks.ts';

const LINK = { rateMbitPerSec: 10, rttMs: 40, loss: 0 };
const FROM_SECONDS = 10;
const SECONDS = 25;

function shares(queueBdp: number, controllers: readonly ('cubic' | 'ledbat')[]): number[] {
  const { rateMbitPerSec, rttMs } = LINK;
  const path = { rateMbitPerSec, rttMs, queueBdp, seconds: SECONDS, seed: 1 };
  const specs = controllers.map((controller) => ({ controller }));
  const limitBytes = limitBytesPerSec(LINK) * (SECONDS - FROM_SECONDS);
  const from = tickOf(FROM_SECONDS * 1e6);
  return runFlows(path, specs).flows.map(
    ({ arrivedByTick }) => sum(arrivedByTick.subarray(from)) / limitBytes,
  );
}

test('LEDBAT++ alone has nine tenths of a link once it has started', () => {
  const [alone] = shares(4, ['ledbat']);
  expect(alone).toBeGreaterThan(0.9);
});

test('LEDBAT++ leaves nine tenths of a link to a flow of CUBIC that fills the queue', () => {
  const [cubic] = shares(4, ['cubic', 'ledbat']);
  expect(cubic).toBeGreaterThan(0.9);
});
