import { expect, test } from 'vitest';
import { describe, drawScenario, type Scenario } from './scenario.ts';

const SEED_COUNT = 1000;
const scenarios = Array.from({ length: SEED_COUNT }, (_, index) => drawScenario(index + 1));

test('a scenario follows from its seed and stands in one line', () => {
  for (const scenario of scenarios.slice(0, 50)) {
    expect(drawScenario(scenario.seed)).toEqual(scenario);
    expect(describe(scenario)).not.toContain('\n');
    expect(describe(scenario)).toContain(`"seed":${scenario.seed},`);
  }
  expect(new Set(scenarios.map((scenario) => describe(scenario))).size).toBe(SEED_COUNT);
});

test('every path carries 1228 bytes and moves', () => {
  for (const { mtuBytes, rateBitsPerSec, queueBytes } of scenarios) {
    expect(mtuBytes).toBeGreaterThanOrEqual(1228);
    expect(rateBitsPerSec).toBeGreaterThan(100_000);
    expect(queueBytes).toBeGreaterThan(2 * 1228);
  }
});

const claims: Record<string, (scenario: Scenario) => boolean> = {
  CUBIC: ({ controller }) => controller === 'cubic',
  'a window of one': ({ controller, windowPackets }) =>
    controller === 'fixed' && windowPackets === 1,
  'an empty stream': ({ streams }) => streams.some(({ bytes }) => bytes === 0),
  'a stream of one byte': ({ streams }) => streams.some(({ bytes }) => bytes === 1),
  'a megabyte and more': ({ streams }) => streams.some(({ bytes }) => bytes >= 1e6),
  'bytes both ways at once': ({ streams }) => streams.some(({ replyBytes }) => replyBytes > 1),
  'openers on both sides': ({ streams }) => new Set(streams.map((s) => s.isFromB)).size === 2,
  'a slow reader': ({ streams }) => streams.some((s) => s.readBytesPerSec < 1e6),
  'eight connections': ({ streams }) => streams.length === 8,
  'a wrap of packet numbers': ({ firstPacketNumber }) => firstPacketNumber !== undefined,
  'loss over 10 %': ({ weather }) => weather.loss > 0.1,
  bursts: ({ weather }) => weather.isBursty,
  jitter: ({ weather }) => weather.jitterUs > 0,
  reordering: ({ weather }) => weather.reorder > 0,
  duplicates: ({ weather }) => weather.duplicate > 0,
  corruption: ({ weather }) => weather.corrupt > 0,
  'a blackout of a second and more': ({ weather }) => weather.blackoutUs >= 1e6,
  'a loop with ticks': ({ circumstances }) => circumstances.loops.a?.tickUs !== undefined,
  'a loop that stalls': ({ circumstances }) => circumstances.loops.b?.stalls !== undefined,
  'a small receive buffer': ({ circumstances }) =>
    circumstances.loops.b?.receiveBufferBytes !== undefined,
  'a rate that changes': ({ circumstances }) => circumstances.rateSteps.length > 1,
  'a rate of 0': ({ circumstances }) => circumstances.rateSteps.some(([, rate]) => rate === 0),
  'a delay that changes': ({ circumstances }) => circumstances.delaySteps.length > 1,
  CoDel: ({ circumstances }) => circumstances.isCoDel,
  'a slower way back': ({ circumstances }) => circumstances.back.rate < 1,
  'a rival': ({ circumstances }) => circumstances.rival !== undefined,
  'a reader that pauses': ({ circumstances }) => circumstances.readPauses.length > 0,
  'a writer that pauses': ({ circumstances }) => circumstances.writePauses.length > 0,
  'the smallest MTU': ({ mtuBytes }) => mtuBytes === 1228,
};

test.each(Object.keys(claims))('1,000 seeds draw %s often, and not always', (name) => {
  const count = scenarios.filter(claims[name]!).length;
  expect(count).toBeGreaterThan(SEED_COUNT / 100);
  expect(count).toBeLessThan((SEED_COUNT * 9) / 10);
});
