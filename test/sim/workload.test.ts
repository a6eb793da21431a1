import { expect, test } from 'vitest';
import { Pair } from './pair.ts';
import { delay } from './wire-elements.ts';

const WAY = { seed: 1, forward: [delay(10_000)] };

/** Bytes of 2 MB that were read by an instant, at 1 MB/s, by somebody who pauses for five seconds. */
function readBy(atUs: number): number {
  const pair = new Pair(WAY);
  const readPauses = [[100_000, 5_100_000]] as const;
  const run = pair.add({ bytes: 2_000_000, readPauses, readBytesPerSec: 1e6 });
  pair.network.runUntil(atUs);
  return run.responder.readBytes;
}

test('a reader that pauses for five seconds reads nothing meanwhile, and goes on', () => {
  const before = readBy(100_000);
  expect(before).toBeGreaterThan(50_000);
  expect(readBy(5_099_999)).toBe(before);
  expect(readBy(6_000_000)).toBeGreaterThan(before + 800_000);
});

test('a writer that pauses leaves its reader with what was written before', () => {
  const pair = new Pair(WAY);
  const pauses = [
    [15_000, 1_000_000],
    [1_000_000, 2_000_000],
  ] as const;
  const run = pair.add({ bytes: 2_000_000, writePauses: pauses });
  pair.network.runUntil(1_999_999);
  expect(run.responder.readBytes).toBe(0);
  pair.workload.runToEnd();
  expect(run.responder.readBytes).toBe(2_000_000);
  expect(run.responder.readFinishedAtUs).toBeGreaterThan(2_000_000);
});
