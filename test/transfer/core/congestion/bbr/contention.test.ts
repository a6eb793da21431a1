import { beforeEach, expect, test } from 'vitest';
import { Contention } from '../../../../../src/transfer/core/congestion/bbr/contention.ts';
import { PathModel } from '../../../../../src/transfer/core/congestion/bbr/path-model.ts';

const MIN_RTT_US = 50_000;
const LONG_QUEUE_US = 25_000;
const SHORT_QUEUE_US = 5_000;

let model: PathModel;
let contention: Contention;

beforeEach(() => {
  model = new PathModel(1_400);
  contention = new Contention(model);
});

/** A probe after RTTs that reached `queueUs` above the lowest; the lowest while it filled the pipe. */
function probe(queueUs: number, refillQueueUs: number, lossRate = 0): void {
  model.onRtt(MIN_RTT_US, 0);
  model.onRtt(MIN_RTT_US + queueUs, 0);
  contention.onRefill(lossRate);
  contention.onRtt(MIN_RTT_US + queueUs);
  contention.onRtt(MIN_RTT_US + refillQueueUs);
  contention.onUp();
}

test('who finds the queue empty while he fills the pipe is alone', () => {
  probe(LONG_QUEUE_US, 1_000);
  expect(contention.isContested).toBe(false);
});

test('a queue that never empties while the pipe is filled is kept by others', () => {
  probe(LONG_QUEUE_US, 2_000);
  expect(contention.isContested).toBe(true);
});

test('a long queue is climbed into', () => {
  probe(LONG_QUEUE_US, 0);
  expect([contention.isClimbing, contention.isYielding]).toEqual([true, false]);
});

test('a short queue is left alone for longer, and the old bound is taken back at once', () => {
  probe(SHORT_QUEUE_US, 0);
  expect([contention.isClimbing, contention.isYielding]).toEqual([false, true]);
});

test.each([LONG_QUEUE_US, SHORT_QUEUE_US])(
  'a path that loses a hundredth by itself shows no contest, queue of %d µs',
  (queueUs) => {
    probe(queueUs, queueUs, 0.01);
    const { isContested, isClimbing, isYielding } = contention;
    expect({ isContested, isClimbing, isYielding }).toEqual({
      ...{ isContested: false, isClimbing: false, isYielding: false },
    });
  },
);

test('what an earlier probe saw is forgotten', () => {
  probe(LONG_QUEUE_US, 0);
  probe(LONG_QUEUE_US, 10_000);
  expect(contention.isContested).toBe(true);
});
