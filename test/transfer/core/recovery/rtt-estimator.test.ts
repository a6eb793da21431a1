import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RttEstimator } from '../../../../src/transfer/core/recovery/rtt-estimator.ts';

const MAX_ACK_DELAY_US = 10_000;

/** An estimator that has seen these samples without ACK delay. */
function after(...samplesUs: number[]): RttEstimator {
  const rtt = new RttEstimator();
  for (const sampleUs of samplesUs) rtt.onSample(sampleUs, 0, MAX_ACK_DELAY_US, 0);
  return rtt;
}

test('before the first sample a round trip is 333 ms and a probe waits 999 ms', () => {
  const rtt = new RttEstimator();
  expect(rtt.hasSample).toBe(false);
  expect(rtt.smoothedUs).toBe(333_000);
  expect(rtt.minUs).toBe(Infinity);
  expect(rtt.probeTimeoutUs(0)).toBe(333_000 + 4 * 166_500);
});

test('the first sample replaces the initial guess, without its ACK delay taken off', () => {
  const rtt = new RttEstimator();
  rtt.onSample(40_000, 5_000, MAX_ACK_DELAY_US, 77);
  expect(rtt.hasSample).toBe(true);
  expect([rtt.smoothedUs, rtt.varianceUs, rtt.minUs, rtt.latestUs, rtt.latestAtUs]).toEqual([
    40_000, 20_000, 40_000, 40_000, 77,
  ]);
});

test('a second sample counts an eighth, its deviation from the old mean a quarter', () => {
  const rtt = after(40_000, 48_000);
  expect(rtt.smoothedUs).toBe(41_000);
  // 3/4 of 20,000 and 1/4 of |40,000 - 48,000|: against the mean before the sample.
  expect(rtt.varianceUs).toBe(17_000);
  expect(rtt.latestUs).toBe(48_000);
  expect(rtt.minUs).toBe(40_000);
});

describe('ACK delay', () => {
  test('is taken off a later sample', () => {
    const rtt = after(40_000);
    rtt.onSample(56_000, 8_000, MAX_ACK_DELAY_US, 0);
    expect(rtt.smoothedUs).toBe(41_000);
    expect(rtt.latestUs).toBe(56_000);
  });

  test('counts no more than the peer was allowed', () => {
    const rtt = after(40_000);
    rtt.onSample(58_000, 500_000, MAX_ACK_DELAY_US, 0);
    expect(rtt.smoothedUs).toBe(41_000);
  });

  test('is not believed when it would bring a sample under the minimum', () => {
    const rtt = after(40_000);
    rtt.onSample(47_999, 8_000, MAX_ACK_DELAY_US, 0);
    expect(rtt.smoothedUs).toBe(Math.round(40_000 + 7_999 / 8));
  });

  test('never lowers the minimum', () => {
    const rtt = after(40_000);
    rtt.onSample(39_000, 8_000, MAX_ACK_DELAY_US, 0);
    expect(rtt.minUs).toBe(39_000);
  });
});

describe('the probe timeout', () => {
  test('is the mean, four deviations and the ACK delay', () => {
    expect(after(40_000).probeTimeoutUs(10_000)).toBe(40_000 + 80_000 + 10_000);
  });

  test('counts a deviation of at least 2 ms', () => {
    const rtt = after(...Array.from({ length: 100 }, () => 40_000));
    expect(rtt.varianceUs).toBe(0);
    expect(rtt.probeTimeoutUs(10_000)).toBe(40_000 + 2_000 + 10_000);
  });

  test('is at least 10 ms', () => {
    expect(after(100).probeTimeoutUs(1_000)).toBe(10_000);
  });
});

test('a round trip of 0 µs counts as 1', () => {
  expect(after(0).minUs).toBe(1);
  expect(after(0).hasSample).toBe(true);
});

test('after a reset nothing is known', () => {
  const rtt = after(40_000, 60_000);
  rtt.reset();
  expect(rtt.hasSample).toBe(false);
  expect([rtt.smoothedUs, rtt.varianceUs, rtt.minUs, rtt.latestAtUs]).toEqual([
    333_000,
    166_500,
    Infinity,
    -Infinity,
  ]);
});

test('the mean stays between the lowest and the highest sample, all in whole microseconds', () => {
  const sample = fc.record({
    latestUs: fc.integer({ min: 1, max: 5_000_000 }),
    ackDelayUs: fc.nat(2 ** 32 - 1),
  });
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 50 }), (samples) => {
      const rtt = new RttEstimator();
      for (const { latestUs, ackDelayUs } of samples) {
        rtt.onSample(latestUs, ackDelayUs, MAX_ACK_DELAY_US, 0);
      }
      const all = samples.map(({ latestUs }) => latestUs);
      expect(rtt.minUs).toBe(Math.min(...all));
      expect(rtt.smoothedUs).toBeGreaterThanOrEqual(rtt.minUs);
      expect(rtt.smoothedUs).toBeLessThanOrEqual(Math.max(...all));
      expect(Number.isInteger(rtt.smoothedUs)).toBe(true);
      expect(Number.isInteger(rtt.varianceUs)).toBe(true);
      expect(Number.isInteger(rtt.probeTimeoutUs(1_000))).toBe(true);
    }),
  );
});
