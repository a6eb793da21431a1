import { expect, test } from 'vitest';
import { KEEPALIVE_US, Liveness } from '../../../../src/transfer/core/connection/liveness.ts';

const SECOND_US = 1_000_000;
const IDLE_US = 300 * SECOND_US;

test('a PING is due 15 s after the last packet that is acknowledged, or after the start', () => {
  const liveness = new Liveness(IDLE_US, SECOND_US);
  expect(liveness.nextTimeoutUs(0, false)).toBe(SECOND_US + KEEPALIVE_US);
  expect(liveness.isPingDue(0, false, SECOND_US + KEEPALIVE_US - 1)).toBe(false);
  expect(liveness.isPingDue(0, false, SECOND_US + KEEPALIVE_US)).toBe(true);
  expect(liveness.isPingDue(5 * SECOND_US, false, 20 * SECOND_US)).toBe(true);
  expect(KEEPALIVE_US).toBe(15 * SECOND_US);
});

test('the peer has vanished after the idle time without a checked packet, not a moment before', () => {
  const liveness = new Liveness(IDLE_US, 0);
  liveness.onChecked(7);
  expect(liveness.isVanished(IDLE_US + 6)).toBe(false);
  expect(liveness.isVanished(IDLE_US + 7)).toBe(true);
  expect(liveness.nextTimeoutUs(IDLE_US, false)).toBe(IDLE_US + 7);
});

test('a stall begins after 5 s of waiting, is told once, and ends with the next packet', () => {
  const liveness = new Liveness(IDLE_US, 0);
  expect(liveness.isStalledNow(true, 100_000, 5 * SECOND_US - 1)).toBe(false);
  expect(liveness.nextTimeoutUs(0, true)).toBe(5 * SECOND_US);
  expect(liveness.isStalledNow(true, 100_000, 5 * SECOND_US)).toBe(true);
  expect(liveness.isStalledNow(true, 100_000, 6 * SECOND_US)).toBe(false);
  expect(liveness.onChecked(7 * SECOND_US)).toBe(true);
  expect(liveness.onChecked(8 * SECOND_US)).toBe(false);
  expect(liveness.isStalledNow(true, 100_000, 13 * SECOND_US)).toBe(true);
});

test('over a slow path a stall takes 10 probe timeouts', () => {
  const liveness = new Liveness(IDLE_US, 0);
  expect(liveness.isStalledNow(true, SECOND_US, 10 * SECOND_US - 1)).toBe(false);
  expect(liveness.nextTimeoutUs(0, true)).toBe(10 * SECOND_US);
  expect(liveness.isStalledNow(true, SECOND_US, 10 * SECOND_US)).toBe(true);
});

test('nobody who waits for nothing is stalled', () => {
  const liveness = new Liveness(IDLE_US, 0);
  expect(liveness.isStalledNow(false, 100_000, 60 * SECOND_US)).toBe(false);
  expect(liveness.nextTimeoutUs(60 * SECOND_US, false)).toBe(75 * SECOND_US);
});

test('a peer that is expected is asked after half the time of a stall, and silent it is a stall', () => {
  const liveness = new Liveness(IDLE_US, 0);
  liveness.expectPeer();
  liveness.onChecked(SECOND_US);
  expect(liveness.nextTimeoutUs(0, false)).toBe(3.5 * SECOND_US);
  expect(liveness.isPingDue(0, false, 3.5 * SECOND_US - 1)).toBe(false);
  expect(liveness.isPingDue(0, false, 3.5 * SECOND_US)).toBe(true);
  // The PING is on its way: probes follow it.
  expect(liveness.isPingDue(3.5 * SECOND_US, true, 5 * SECOND_US)).toBe(false);
  expect(liveness.nextTimeoutUs(3.5 * SECOND_US, true)).toBe(6 * SECOND_US);
  expect(liveness.isStalledNow(false, 100_000, 6 * SECOND_US - 1)).toBe(false);
  expect(liveness.isStalledNow(false, 100_000, 6 * SECOND_US)).toBe(true);
  expect(liveness.onChecked(7 * SECOND_US)).toBe(true);
});
