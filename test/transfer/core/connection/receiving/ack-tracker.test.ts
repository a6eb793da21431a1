import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  AckTracker,
  MAX_TRACKED_RANGES,
} from '../../../../../src/transfer/core/connection/receiving/ack-tracker.ts';

const FIRST = 4_294_967_290;

/** The same as a set of numbers. */
class NaiveTracker {
  floor = FIRST;
  largest = FIRST - 1;
  nowUs = 0;
  receivedCount = 0;
  isAckOwed = false;
  maxAckDelayUs = 10_000;
  readonly received = new Set<number>();

  isNew(number: number): boolean {
    return number >= this.floor && !this.received.has(number);
  }
}

function numbersOf(tracker: AckTracker): number[] {
  const numbers: number[] = [];
  tracker.ranges.forEachDescending((start, end) => {
    for (let number = end - 1; number >= start; number--) numbers.push(number);
    return true;
  });
  return numbers;
}

function step(
  name: string,
  run: (naive: NaiveTracker, tracker: AckTracker) => void,
): fc.Command<NaiveTracker, AckTracker> {
  return {
    check: () => true,
    run: (naive, tracker) => {
      run(naive, tracker);
      expect(numbersOf(tracker)).toEqual([...naive.received].sort((a, b) => b - a));
      expect(tracker.largest).toBe(naive.largest);
      expect(tracker.receivedCount).toBe(naive.receivedCount);
      const around = Array.from({ length: 72 }, (_, index) => FIRST - 2 + index);
      expect(around.filter((n) => tracker.isNew(n))).toEqual(around.filter((n) => naive.isNew(n)));
      // Every owed ACK becomes due, none later than the sender wished.
      if (naive.isAckOwed) {
        expect(tracker.ackAtUs).toBeLessThanOrEqual(naive.nowUs + 10_000);
      } else {
        expect(tracker.ackAtUs).toBe(Infinity);
      }
    },
    toString: () => name,
  };
}

const receive = fc
  .record({ ahead: fc.nat(60), isAckNow: fc.boolean(), afterUs: fc.nat(3_000) })
  .map(({ ahead, isAckNow, afterUs }) =>
    step(`receive ${ahead}`, (naive, tracker) => {
      naive.nowUs += afterUs;
      naive.isAckOwed = true;
      const number = FIRST + ahead;
      if (!tracker.isNew(number)) {
        tracker.onDuplicate(naive.nowUs);
        return;
      }
      tracker.onReceived(number, isAckNow, naive.nowUs);
      naive.received.add(number);
      naive.receivedCount++;
      if (number > naive.largest) {
        naive.largest = number;
        expect(tracker.largestAtUs).toBe(naive.nowUs);
      }
      if (isAckNow) expect(tracker.ackAtUs).toBeLessThanOrEqual(naive.nowUs);
      expect(tracker.ackAtUs).toBeLessThanOrEqual(naive.nowUs + naive.maxAckDelayUs);
    }),
  );
const mark = fc.tuple(fc.nat(65), fc.integer({ min: 1_000, max: 10_000 })).map(([una, delayUs]) =>
  step(`mark ${una}`, (naive, tracker) => {
    const frequency = { ackEvery: 4, reorderThreshold: 1, maxAckDelayUs: delayUs };
    tracker.onMark(FIRST + una, frequency);
    naive.maxAckDelayUs = delayUs;
    if (FIRST + una <= naive.floor || FIRST + una > naive.largest + 1) return;
    naive.floor = Math.min(FIRST + una, naive.largest);
    for (const number of naive.received) if (number < naive.floor) naive.received.delete(number);
  }),
);
const acked = fc.constant(
  step('ack sent', (naive, tracker) => {
    tracker.onAckSent();
    naive.isAckOwed = false;
  }),
);

test('a number is new exactly once, in any order, with any marks between', () => {
  fc.assert(
    fc.property(
      fc.commands([receive, receive, receive, mark, acked], { maxCommands: 60, size: 'max' }),
      (steps) => {
        const setup = () => ({ model: new NaiveTracker(), real: new AckTracker(FIRST) });
        fc.modelRun(setup, steps);
      },
    ),
    { numRuns: 200 },
  );
});

test('4,096 ranges are kept, then the lowest are forgotten and count as seen', () => {
  const tracker = new AckTracker(0);
  for (let index = 0; index < MAX_TRACKED_RANGES; index++) tracker.onReceived(2 * index, false, 0);
  expect(numbersOf(tracker)).toHaveLength(MAX_TRACKED_RANGES);
  expect(tracker.isNew(1)).toBe(true);
  tracker.onReceived(2 * MAX_TRACKED_RANGES, false, 0);
  expect(numbersOf(tracker)).toHaveLength(MAX_TRACKED_RANGES);
  expect(tracker.isNew(0)).toBe(false);
  expect(tracker.isNew(1)).toBe(false);
  expect(tracker.isNew(3)).toBe(true);
});

test('the newest number stays when MARK says that all is resolved', () => {
  const tracker = new AckTracker(10);
  for (const number of [10, 11, 12]) tracker.onReceived(number, false, 0);
  tracker.onMark(13, { ackEvery: 1, reorderThreshold: 1, maxAckDelayUs: 1_000 });
  expect(numbersOf(tracker)).toEqual([12]);
  expect(tracker.hasReceived).toBe(true);
  expect(tracker.isNew(12)).toBe(false);
});

test('a MARK that is ahead of what came moves nothing', () => {
  const tracker = new AckTracker(10);
  tracker.onReceived(10, false, 0);
  tracker.onMark(12, { ackEvery: 1, reorderThreshold: 1, maxAckDelayUs: 1_000 });
  expect(tracker.isNew(11)).toBe(true);
});

test('before the first MARK every second packet brings an ACK, a single one within 10 ms', () => {
  const tracker = new AckTracker(0);
  tracker.onReceived(0, false, 100);
  expect(tracker.ackAtUs).toBe(10_100);
  tracker.onReceived(1, false, 200);
  expect(tracker.ackAtUs).toBe(200);
  tracker.onAckSent();
  expect(tracker.ackAtUs).toBe(Infinity);
});

test('a new gap asks for an ACK at once, an old gap does not ask again', () => {
  const tracker = new AckTracker(0);
  tracker.onMark(0, { ackEvery: 32, reorderThreshold: 1, maxAckDelayUs: 10_000 });
  tracker.onReceived(0, false, 0);
  tracker.onAckSent();
  tracker.onReceived(2, false, 50_000);
  expect(tracker.ackAtUs).toBe(50_000);
  tracker.onAckSent();
  tracker.onReceived(3, false, 100_000);
  expect(tracker.ackAtUs).toBe(110_000);
});

test('a packet that fills a gap asks for an ACK at once', () => {
  const tracker = new AckTracker(0);
  tracker.onMark(0, { ackEvery: 32, reorderThreshold: 1, maxAckDelayUs: 10_000 });
  tracker.onReceived(0, false, 0);
  tracker.onReceived(2, false, 0);
  tracker.onAckSent();
  tracker.onReceived(1, false, 100_000);
  expect(tracker.ackAtUs).toBe(100_000);
});

test('once reordering was seen, gaps bring no ACKs', () => {
  const tracker = new AckTracker(0);
  tracker.onMark(0, { ackEvery: 32, reorderThreshold: 0, maxAckDelayUs: 10_000 });
  tracker.onReceived(0, false, 0);
  tracker.onAckSent();
  tracker.onReceived(5, false, 100);
  expect(tracker.ackAtUs).toBe(10_100);
});

test('gaps bring at most 8 ACKs in any round trip, as long as one waits', () => {
  const delayUs = 5_000;
  const rttUs = 4 * delayUs;
  fc.assert(
    fc.property(fc.array(fc.nat(900), { minLength: 60, maxLength: 200 }), (gapsUs) => {
      const tracker = new AckTracker(0);
      tracker.onMark(0, { ackEvery: 32, reorderThreshold: 1, maxAckDelayUs: delayUs });
      const gapAcksAtUs: number[] = [];
      let nowUs = 0;
      gapsUs.forEach((gapUs, index) => {
        nowUs += gapUs;
        tracker.onReceived(2 * index + 1, false, nowUs);
        if (tracker.ackAtUs <= nowUs) gapAcksAtUs.push(nowUs);
        tracker.onAckSent();
      });
      gapAcksAtUs.forEach((atUs, index) => {
        const ninth = gapAcksAtUs[index + 8];
        if (ninth !== undefined) expect(ninth - atUs).toBeGreaterThanOrEqual(rttUs);
      });
    }),
  );
});

test('what fills a gap after the newest number came is not counted up to it', () => {
  const tracker = new AckTracker(FIRST);
  tracker.onReceived(FIRST, false, 10);
  tracker.onReceived(FIRST + 3, false, 20);
  tracker.onReceived(FIRST + 1, false, 30);
  expect([tracker.receivedCount, tracker.countAtLargest]).toEqual([3, 2]);
  tracker.onReceived(FIRST + 4, false, 40);
  expect([tracker.receivedCount, tracker.countAtLargest]).toEqual([4, 4]);
});
