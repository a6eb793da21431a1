import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PersistentCongestion } from '../../../../src/transfer/core/recovery/persistent-congestion.ts';
import { RttEstimator } from '../../../../src/transfer/core/recovery/rtt-estimator.ts';

const MAX_ACK_DELAY_US = 10_000;
/** 3 · (srtt + 4 · rttvar + 10 ms), of one sample of 100 ms. */
const DURATION_US = 930_000;

/** A path whose only RTT sample, of 100 ms, came at 0. */
function path(firstSampleAtUs = 0): PersistentCongestion {
  const rtt = new RttEstimator();
  rtt.onSample(100_000, 0, MAX_ACK_DELAY_US, firstSampleAtUs);
  return new PersistentCongestion(rtt, MAX_ACK_DELAY_US);
}

function afterFates(
  congestion: PersistentCongestion,
  ackedUs: readonly number[],
  lostUs: readonly number[],
): boolean {
  for (const atUs of ackedUs) congestion.onAcked(atUs);
  for (const atUs of lostUs) congestion.onLost(atUs);
  return congestion.take();
}

test('two lost packets more than three probe timeouts apart, and nothing between, are persistent congestion', () => {
  const lostUs = [1_000, 1_001 + DURATION_US];
  expect(afterFates(path(), [0, 5_000_000], lostUs)).toBe(true);
});

test('exactly three probe timeouts apart are none', () => {
  expect(afterFates(path(), [0, 5_000_000], [1_000, 1_000 + DURATION_US])).toBe(false);
});

test('one lost packet after a long silence is none', () => {
  expect(afterFates(path(), [0, 60_000_000], [59_000_000])).toBe(false);
});

test('one packet acknowledged between the lost ones is enough to deny it', () => {
  const lostUs = [1_000, 600_000, 1_200_000];
  expect(afterFates(path(), [0, 600_001, 2_000_000], lostUs)).toBe(false);
});

test('a packet acknowledged between them denies it though its range comes after the newest', () => {
  const lostUs = [1_000, 600_000, 1_200_000];
  expect(afterFates(path(), [0, 2_000_000, 600_001], lostUs)).toBe(false);
});

test('the longer silence counts when both sides of an acknowledged packet were silent', () => {
  expect(afterFates(path(), [0, 3_000_000, 1_500_000], [1_600_000, 2_900_000])).toBe(true);
  expect(afterFates(path(), [0, 3_000_000, 1_000_000], [1_100_000, 2_900_000])).toBe(true);
  expect(afterFates(path(), [0, 3_000_000, 2_000_000], [100, 1_900_000])).toBe(true);
});

test('packets sent before the first RTT sample count for nothing', () => {
  expect(afterFates(path(500_000), [5_000_000], [499_999, 1_430_001])).toBe(false);
  expect(afterFates(path(500_000), [5_000_000], [500_000, 1_430_001])).toBe(true);
});

test('losses that several ACKs reveal add up', () => {
  const congestion = path();
  expect(afterFates(congestion, [0, 5_000_000], [1_000])).toBe(false);
  expect(afterFates(congestion, [5_001_000], [600_000])).toBe(false);
  expect(afterFates(congestion, [5_002_000], [1_200_000])).toBe(true);
});

test('one silence is told once, the next one again', () => {
  const congestion = path();
  expect(afterFates(congestion, [0, 5_000_000], [1_000, 2_000_000])).toBe(true);
  expect(afterFates(congestion, [5_100_000], [3_000_000, 4_999_000])).toBe(false);
  expect(afterFates(congestion, [9_000_000], [5_200_000, 8_000_000])).toBe(true);
});

test('a late ACK of a packet in the silence takes back the losses before it', () => {
  const congestion = path();
  expect(afterFates(congestion, [0, 2_000_000], [1_000])).toBe(false);
  expect(afterFates(congestion, [900_000], [1_800_000])).toBe(false);
});

/** Ticks of 100 ms at which packets left, and whether each arrived. */
const fates = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.boolean()), { maxLength: 30 });

test('it is never declared across a packet that arrived, in whatever order fates are told', () => {
  fc.assert(
    fc.property(fc.array(fates, { minLength: 1, maxLength: 4 }), (acks) => {
      const congestion = path();
      const ackedUs: number[] = [];
      const lostUs: number[] = [];
      for (const packets of acks) {
        const toldUs = (arrived: boolean): number[] =>
          packets.filter((packet) => packet[1] === arrived).map(([tick]) => tick * 1e5);
        ackedUs.push(...toldUs(true));
        lostUs.push(...toldUs(false));
        if (!afterFates(congestion, toldUs(true), toldUs(false))) continue;
        const pairs = lostUs.flatMap((from) => lostUs.map((to) => [from, to] as const));
        const isSilent = pairs.some(
          ([from, to]) =>
            to - from > DURATION_US && !ackedUs.some((atUs) => atUs > from && atUs < to),
        );
        expect(isSilent).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a fifth of all packets lost at random is none, with ten or more in flight', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 10, max: 100 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (packetsPerRtt, draws) => {
        const congestion = path();
        congestion.onAcked(0);
        for (let atUs = 0; atUs < 20_000_000; atUs += 100_000) {
          const sentUs = Array.from(
            { length: packetsPerRtt },
            (_, index) => atUs + Math.floor((index * 100_000) / packetsPerRtt),
          );
          const isLost = sentUs.map(() => draws.next().value < 0.2);
          const ackedUs = sentUs.filter((_, index) => !isLost[index]);
          const lostUs = sentUs.filter((_, index) => isLost[index]);
          expect(afterFates(congestion, ackedUs, lostUs)).toBe(false);
        }
      },
    ),
    { numRuns: 20 },
  );
});
