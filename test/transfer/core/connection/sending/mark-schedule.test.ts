import { expect, test } from 'vitest';
import { MarkSchedule } from '../../../../../src/transfer/core/connection/sending/mark-schedule.ts';
import { PacketWriter } from '../../../../../src/transfer/core/connection/packet-writer.ts';
import { decodeMark, type MarkFields } from '../../../../../src/transfer/core/wire/codec.ts';
import { crcCheck } from '../../../../../src/transfer/core/wire/packet-check.ts';

const RTT_US = 40_000;

/** What the next MARK asks, sent now. */
function marked(schedule: MarkSchedule, nowUs = 1_000_000): MarkFields {
  const buffer = new Uint8Array(100);
  const writer = new PacketWriter(7, crcCheck);
  schedule.build(buffer, writer, 5, RTT_US, nowUs);
  return decodeMark(buffer, writer.bodyAt, 5)!;
}

test.each([
  [3, 1],
  [8, 2],
  [100, 25],
  [128, 32],
  [1_000, 32],
])('with %i packets in flight every %i-th is to be acknowledged', (inFlight, ackEvery) => {
  const schedule = new MarkSchedule(5);
  schedule.onInFlight(inFlight, 1);
  expect(marked(schedule).ackEvery).toBe(ackEvery);
});

test('what counts is the most in flight since the last MARK', () => {
  const schedule = new MarkSchedule(5);
  schedule.onInFlight(100, 1);
  schedule.onInFlight(12, 1);
  expect(marked(schedule).ackEvery).toBe(25);
  expect(marked(schedule).ackEvery).toBe(3);
});

test('when half of the ACKs are lost, four times as many are asked for, and at once', () => {
  const schedule = new MarkSchedule(5);
  schedule.onInFlight(1_000, 1);
  expect(marked(schedule).ackEvery).toBe(32);
  expect(schedule.isDue(5, RTT_US, 1, 1_100_000)).toBe(false);
  for (let count = 0; count < 200; count++) schedule.ackLoss.onNewest(1);
  expect(schedule.isDue(5, RTT_US, 1, 1_100_000)).toBe(true);
  const { ackEvery } = marked(schedule);
  expect(ackEvery).toBeGreaterThanOrEqual(7);
  expect(ackEvery).toBeLessThanOrEqual(9);
});

test('every packet is acknowledged where nearly all ACKs are lost and few are in flight', () => {
  const schedule = new MarkSchedule(5);
  schedule.onInFlight(32, 1);
  schedule.ackLoss.onNewest(1_000);
  expect(marked(schedule).ackEvery).toBe(1);
});

test('a whole turn is answered by one ACK, though few packets are in flight', () => {
  const schedule = new MarkSchedule(5);
  schedule.onInFlight(16, 16);
  expect(marked(schedule).ackEvery).toBe(16);
  schedule.onInFlight(16, 1_000);
  expect(marked(schedule).ackEvery).toBe(32);
});

test('the more connections share a path, the more seldom each says which numbers are resolved', () => {
  const schedule = new MarkSchedule(5);
  marked(schedule);
  const shortRttUs = 1_000;
  expect(schedule.isDue(6, shortRttUs, 1, 1_004_999)).toBe(false);
  expect(schedule.isDue(6, shortRttUs, 1, 1_005_000)).toBe(true);
  expect(schedule.isDue(6, shortRttUs, 100, 1_499_999)).toBe(false);
  expect(schedule.isDue(6, shortRttUs, 100, 1_500_000)).toBe(true);
});
