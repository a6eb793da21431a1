import { describe, expect, test } from 'vitest';
import { Ledbat } from '../../../../src/transfer/core/congestion/ledbat.ts';
import { DATAGRAM_BYTES, lossEvent, options, SteadyPath } from './steady-path.ts';

/** Gain 1/2: ⌈2 · 60 ms / 100 ms⌉ = 2. */
const RTT_US = 100_000;

interface Started {
  readonly ledbat: Ledbat;
  readonly path: SteadyPath;
  /** ACKs after which packets have waited so long. */
  readonly acks: (count: number, queueUs: number) => void;
  readonly until: (state: string) => number;
}

function start(rttUs: number = RTT_US): Started {
  const ledbat = new Ledbat(options);
  const path = new SteadyPath(ledbat, rttUs);
  const acks = (count: number, queueUs: number): void => {
    path.acks(count, { latestRttUs: rttUs + queueUs });
  };
  /** Without queues until the flow does this; returns when. */
  const until = (state: string): number => {
    while (ledbat.state !== state) acks(1, 0);
    return path.nowUs;
  };
  return { ledbat, path, acks, until };
}

/** In congestion avoidance, past the first slowdown. */
function avoiding(rttUs: number = RTT_US): Started {
  const started = start(rttUs);
  const { path, acks, until } = started;
  acks(4, 0);
  acks(4, 45_001);
  until('slowdown');
  until('avoidance');
  expect(path.windowPackets).toBeGreaterThan(30);
  return started;
}

describe('slow start', () => {
  test.each([
    [100_000, 1 / 2],
    [60_000, 1 / 2],
    [40_000, 1 / 3],
    [1_000, 1 / 16],
    [200_000, 1],
  ])('at a base RTT of %i µs the window grows by %d of what is acknowledged', (rttUs, gain) => {
    const { path, acks } = start(rttUs);
    acks(32, 0);
    expect(path.windowPackets).toBeCloseTo(32 + 32 * gain, 6);
  });

  test('ends at more than three quarters of 60 ms, not before', () => {
    const { ledbat, acks } = start();
    acks(4, 0);
    acks(10, 45_000);
    expect(ledbat.state).toBe('startup');
    acks(4, 45_001);
    expect(ledbat.state).toBe('avoidance');
  });

  test('one delayed sample of four is no queue', () => {
    const { ledbat, acks } = start();
    acks(4, 0);
    acks(3, 200_000);
    expect(ledbat.state).toBe('startup');
    acks(1, 200_000);
    expect(ledbat.state).toBe('avoidance');
  });
});

describe('the window', () => {
  test('grows by the gain a round trip while packets wait less than 60 ms', () => {
    const { path } = avoiding();
    const from = path.windowPackets;
    path.run(2 * RTT_US);
    expect(path.windowPackets - from).toBeCloseTo(1, 1);
  });

  test('keeps shrinking while they wait longer, by the excess of the delay', () => {
    const { path, acks } = avoiding();
    acks(3, 72_000);
    const from = path.windowPackets;
    acks(Math.round(from), 72_000);
    // 1/2 - 0.2 · W a round trip.
    expect(path.windowPackets / from).toBeGreaterThan(0.8);
    expect(path.windowPackets / from).toBeLessThan(0.86);
  });

  test('keeps at least about half in a round trip, whatever the delay', () => {
    const { path, acks } = avoiding();
    acks(3, 5_000_000);
    const from = path.windowPackets;
    acks(Math.round(from / 2), 5_000_000);
    expect(path.windowPackets / from).toBeGreaterThan(0.6);
    expect(path.windowPackets / from).toBeLessThan(0.8);
  });

  test('never falls under two packets', () => {
    const { path, acks } = avoiding();
    acks(1_000, 300_000);
    expect(path.windowPackets).toBe(2);
  });

  test('does not grow while it is not used', () => {
    const { path } = avoiding();
    const from = path.windowPackets;
    path.acks(100, { isAppLimited: true });
    path.acks(100, { priorBytesInFlight: DATAGRAM_BYTES });
    expect(path.windowPackets).toBe(from);
  });
});

test('a longer route is the base after ten minutes', () => {
  const { path, acks } = avoiding();
  acks(4, 70_000);
  let shrunk = path.windowPackets;
  for (let minute = 0; minute < 11; minute++) {
    path.nowUs += 60_000_000;
    acks(4, 70_000);
    if (minute === 5) shrunk = path.windowPackets;
  }
  acks(20, 70_000);
  expect(path.windowPackets).toBeGreaterThan(shrunk);
});

describe('a slowdown', () => {
  test('comes two round trips after the first slow start, holds two packets for two more', () => {
    const { path, acks, until } = start();
    acks(4, 0);
    acks(4, 50_000);
    const endedAtUs = path.nowUs;
    const heldFromUs = until('slowdown');
    expect(heldFromUs - endedAtUs).toBeGreaterThanOrEqual(2 * RTT_US - 1);
    expect(heldFromUs - endedAtUs).toBeLessThan(2.2 * RTT_US);
    expect(path.windowPackets).toBe(2);
    const heldUs = until('startup') - heldFromUs;
    expect(heldUs).toBeGreaterThanOrEqual(2 * RTT_US - 1);
    expect(heldUs).toBeLessThan(3 * RTT_US);
  });

  test('comes again after nine times what it took with its ramp-up', () => {
    const { acks, until } = start();
    acks(4, 0);
    acks(4, 50_000);
    const startUs = until('slowdown');
    const rampedUs = until('avoidance');
    const againUs = until('slowdown');
    expect((againUs - rampedUs) / (rampedUs - startUs)).toBeGreaterThan(8.9);
    expect((againUs - rampedUs) / (rampedUs - startUs)).toBeLessThan(9.1);
  });
});

describe('a loss', () => {
  test('halves the window, once for all packets sent before it was noticed', () => {
    const { ledbat, path } = avoiding();
    const from = path.windowPackets;
    const { nowUs } = path;
    ledbat.onLost(lossEvent({ nowUs, sentAtUs: nowUs - RTT_US }));
    ledbat.onLost(lossEvent({ nowUs, sentAtUs: nowUs - 1 }));
    expect(path.windowPackets).toBeCloseTo(from / 2, 6);
  });

  test('that was none gives the window back', () => {
    const { ledbat, path } = avoiding();
    const from = path.windowPackets;
    const { nowUs } = path;
    const sentAtUs = nowUs - 1;
    ledbat.onLost(lossEvent({ nowUs, sentAtUs }));
    ledbat.onSpuriousLoss({ nowUs, sizeBytes: DATAGRAM_BYTES, sentAtUs });
    expect(path.windowPackets).toBe(from);
  });

  test('of everything leaves two packets, and slow start', () => {
    const { ledbat, path } = avoiding();
    ledbat.onPersistentCongestion(path.nowUs);
    expect(path.windowPackets).toBe(2);
    expect(ledbat.state).toBe('startup');
  });
});
