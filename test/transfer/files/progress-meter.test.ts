import { expect, test } from 'vitest';
import { ProgressMeter } from '../../../src/transfer/files/progress-meter.ts';

const SECOND_US = 1_000_000;
const PROBE_TIMEOUT_US = 50_000;

test('a side that is heard again is given the time of a stall before it is said to have nothing to send', () => {
  let nowUs = 0;
  const meter = new ProgressMeter(() => nowUs);
  meter.start();
  nowUs = 5 * SECOND_US;
  meter.silence(0);
  expect([meter.isSilent, meter.isStalled(PROBE_TIMEOUT_US)]).toEqual([true, true]);
  nowUs = 45 * SECOND_US;
  meter.endSilence();
  expect([meter.isSilent, meter.isStalled(PROBE_TIMEOUT_US)]).toEqual([false, false]);
  nowUs = 50 * SECOND_US - 1;
  expect(meter.isStalled(PROBE_TIMEOUT_US)).toBe(false);
  nowUs += 1;
  expect(meter.isStalled(PROBE_TIMEOUT_US)).toBe(true);
  // That it was heard is no progress: giving up does not wait for it.
  expect(meter.idleMs).toBe(50_000);
  expect(meter.snapshot('sender').stalledMs).toBe(50_000);
});

test('to be heard all the time puts no stall off', () => {
  let nowUs = 0;
  const meter = new ProgressMeter(() => nowUs);
  meter.start();
  nowUs = 5 * SECOND_US;
  meter.endSilence();
  expect(meter.isStalled(PROBE_TIMEOUT_US)).toBe(true);
});
