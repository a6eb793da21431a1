import { expect, test } from 'vitest';
import {
  arrivalUs,
  efficiencyOf,
  quantile,
  startupEndTick,
} from '../../bench/simulated/measures.ts';
import { TICK_US } from '../../bench/simulated/ticks.ts';

/** Bytes a second of a link that carries 100 bytes a tick. */
const LIMIT = (100 * 1e6) / TICK_US;

function states(...runs: readonly (readonly [state: string | undefined, ticks: number])[]) {
  return runs.flatMap(([state, ticks]) => new Array<string | undefined>(ticks).fill(state));
}

test('Startup ends with the first other state, and not before it has begun', () => {
  expect(startupEndTick(states([undefined, 3], ['startup', 4], ['drain', 1]))).toBe(7);
});

test('a flow that never leaves Startup has no end of it, and no efficiency', () => {
  const stateByTick = states([undefined, 3], ['startup', 4]);
  expect(startupEndTick(stateByTick)).toBeUndefined();
  const flow = { arrivedByTick: new Float64Array(7).fill(100), stateByTick };
  expect(efficiencyOf(flow, undefined, 0, LIMIT).efficiency).toBeNull();
});

test('a controller without states counts from the start', () => {
  expect(startupEndTick(states([undefined, 5]))).toBe(0);
});

test('what arrived before the end of Startup does not count', () => {
  const flow = {
    arrivedByTick: Float64Array.from([0, 0, 1000, 50, 50]),
    stateByTick: states(['startup', 3], ['cruise', 2]),
  };
  expect(efficiencyOf(flow, 3, 0, LIMIT)).toEqual({ efficiency: 0.5, probeRttCost: 0 });
});

test('ProbeRTT is taken out of the efficiency, and its cost told', () => {
  const flow = {
    arrivedByTick: Float64Array.from([90, 90, 40, 90, 90]),
    stateByTick: states(['cruise', 2], ['probeRtt', 1], ['cruise', 2]),
  };
  const { efficiency, probeRttCost } = efficiencyOf(flow, 0, 0, LIMIT);
  expect(efficiency).toBeCloseTo(0.9, 12);
  expect(probeRttCost).toBeCloseTo(0.1, 12);
});

test('what is sent in a state arrives a one-way delay later', () => {
  const flow = {
    arrivedByTick: Float64Array.from([0, 0, 90, 90, 40, 90]),
    stateByTick: states(['cruise', 2], ['probeRtt', 1], ['cruise', 3]),
  };
  expect(efficiencyOf(flow, 0, 2, LIMIT).efficiency).toBeCloseTo(0.9, 12);
});

test('bytes have arrived within the tick that brings them', () => {
  const ticks = Float64Array.from([0, 100, 300]);
  expect(arrivalUs(ticks, 100)).toBe(2 * TICK_US);
  expect(arrivalUs(ticks, 250)).toBe(2.5 * TICK_US);
  expect(arrivalUs(ticks, 401)).toBe(Infinity);
});

test('the 95th percentile is exceeded by a twentieth', () => {
  const values = Array.from({ length: 100 }, (_, index) => (index * 37) % 100);
  expect(quantile(values, 0.95)).toBe(95);
});
