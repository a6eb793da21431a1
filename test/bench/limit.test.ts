import { expect, test } from 'vitest';
import {
  bdpBytes,
  idealArrivalUs,
  INITIAL_WINDOW_PACKETS,
  leastExcess,
  limitBytesPerSec,
} from '../../bench/simulated/limit.ts';
import { PAYLOAD_BYTES } from '../../bench/simulated/packet-size.ts';

const link = { rateMbitPerSec: 100, rttMs: 50, loss: 0 };
const windowBytes = INITIAL_WINDOW_PACKETS * PAYLOAD_BYTES;
const serialisedUs = (bytes: number, loss = 0): number =>
  (bytes / limitBytesPerSec({ ...link, loss })) * 1e6;

test('a full packet of 1500 bytes holds 1444 of payload', () => {
  expect(PAYLOAD_BYTES).toBe(1444);
});

test('100 Mbit/s carry 96.27 Mbit/s of payload, and a tenth less at 10 % loss', () => {
  expect((8 * limitBytesPerSec(link)) / 1e6).toBeCloseTo(96.267, 3);
  expect((8 * limitBytesPerSec({ ...link, loss: 0.1 })) / 1e6).toBeCloseTo(86.64, 3);
});

test('at 10 % loss nine packets need a tenth: a ninth more', () => {
  expect(leastExcess(0.1)).toBeCloseTo(1 / 9, 12);
});

test('100 Mbit/s and 50 ms hold 625,000 bytes', () => {
  expect(bdpBytes(link)).toBe(625_000);
});

test('one byte takes a round trip to open and half of one on its way', () => {
  expect(idealArrivalUs(link, 1)).toBeCloseTo(75_000, 0);
});

test('what fits the initial window waits for no acknowledgement', () => {
  expect(idealArrivalUs(link, windowBytes)).toBeCloseTo(75_000 + serialisedUs(windowBytes), 6);
});

test('the window doubles each round trip', () => {
  // 32 packets, then 64, then one of 128.
  const bytes = (1 + 2) * windowBytes + PAYLOAD_BYTES;
  const expectedUs = 75_000 + 2 * 50_000 + serialisedUs(PAYLOAD_BYTES);
  expect(idealArrivalUs(link, bytes)).toBeCloseTo(expectedUs, 6);
});

test('from a full link on bytes come at its rate', () => {
  const [early, late] = [idealArrivalUs(link, 10e6), idealArrivalUs(link, 11e6)];
  expect(late - early).toBeCloseTo(serialisedUs(1e6), 6);
});

test('a link that the initial window fills never waits', () => {
  const narrow = { rateMbitPerSec: 5, rttMs: 50, loss: 0 };
  const expectedUs = 75_000 + (1e6 / limitBytesPerSec(narrow)) * 1e6;
  expect(idealArrivalUs(narrow, 1e6)).toBeCloseTo(expectedUs, 6);
});

test('of each window only what is not lost arrives', () => {
  const lossy = { ...link, loss: 0.1 };
  const bytes = 0.9 * windowBytes + 1;
  expect(idealArrivalUs(lossy, bytes)).toBeCloseTo(125_000 + serialisedUs(1, 0.1), 6);
});
