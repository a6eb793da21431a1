import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import {
  FineTimers,
  MAX_SLEEP_US,
  SLEEP_TRIALS,
} from '../../../../src/transfer/io/udp/fine-timers.ts';
import { FakeLoop } from './udp-fakes.ts';

let loop: FakeLoop;
let timers: FineTimers;
/** Each sleep that was asked for. */
let sleepsUs: number[];
/** By how much a sleep takes longer. */
let oversleepUs: number;
/** When each action ran. */
let ranAtUs: number[];
const act = (): void => void ranAtUs.push(loop.timeUs);

function start(): void {
  loop = new FakeLoop();
  sleepsUs = [];
  oversleepUs = 0;
  ranAtUs = [];
  const sleepUs = (delayUs: number): void => {
    sleepsUs.push(delayUs);
    loop.timeUs += delayUs + oversleepUs;
  };
  timers = new FineTimers({ sleepUs, timers: loop, nowUs: loop.nowUs });
}

beforeEach(start);

test('a wait is slept in parts of a quarter of a millisecond, with a poll before each', () => {
  timers.until(600, act);
  expect(sleepsUs).toEqual([]);
  loop.turn();
  expect(sleepsUs).toEqual([250]);
  loop.turn();
  expect(sleepsUs).toEqual([250, 250]);
  loop.turn();
  expect([sleepsUs, ranAtUs]).toEqual([[250, 250, 100], [600]]);
  expect([loop.soonCount, loop.timerCount]).toEqual([0, 0]);
});

test('what is due is run after one poll without a sleep', () => {
  loop.timeUs = 700;
  timers.until(600, act);
  expect(ranAtUs).toEqual([]);
  loop.turn();
  expect([sleepsUs, ranAtUs]).toEqual([[], [700]]);
});

test('a turn that received does not sleep, and is followed by another', () => {
  timers.until(600, act);
  for (let turn = 1; turn <= 10; turn++) {
    loop.turn(() => {
      loop.timeUs += 50;
      timers.onDatagram();
    });
    expect([sleepsUs, loop.soonCount]).toEqual([[], 1]);
  }
  loop.turn();
  expect([sleepsUs, ranAtUs]).toEqual([[100], [600]]);
});

test('a datagram of a turn before the wait does not keep it awake', () => {
  timers.onDatagram();
  timers.until(600, act);
  loop.turn();
  expect(sleepsUs).toEqual([250]);
});

test('while another timer is due in the time of a sleep, a millisecond passes instead', () => {
  let isOver = false;
  timers.after(1, () => (isOver = true));
  loop.timeUs = 800;
  timers.until(1_500, act);
  loop.turn();
  expect([sleepsUs, loop.soonCount, loop.delaysMs]).toEqual([[], 0, [1, 1]]);
  loop.passMs(1);
  loop.turn();
  expect([isOver, ranAtUs]).toEqual([true, [1_800]]);
});

test('a timer that is due later, or was cancelled, lets the thread sleep', () => {
  timers.after(2, act);
  timers.after(1, act)();
  loop.timeUs = 800;
  timers.until(1_100, act);
  loop.turn();
  loop.turn();
  expect(sleepsUs).toEqual([250, 50]);
});

test('whoever waits for an earlier time is served earlier, all with the same sleeps', () => {
  const order: string[] = [];
  timers.until(400, () => order.push('b'));
  timers.until(200, () => order.push('a'));
  loop.turn();
  expect([order, sleepsUs]).toEqual([['a'], [200]]);
  loop.turn();
  expect([order, sleepsUs]).toEqual([
    ['a', 'b'],
    [200, 200],
  ]);
});

test('what is forgotten is not run and keeps nobody awake', () => {
  timers.until(600, act);
  timers.forget(act);
  loop.turn();
  expect([sleepsUs, ranAtUs, loop.soonCount, loop.timerCount]).toEqual([[], [], 0, 0]);
});

test('a system whose sleeps take as long as its timers is found out, one that was late once is not', () => {
  const verdicts = [900, 0].map((oversleep) => {
    start();
    let sleepCount = 0;
    const sleepUs = (delayUs: number): void => {
      loop.timeUs += delayUs + (++sleepCount < SLEEP_TRIALS ? 15_000 : oversleep);
    };
    return new FineTimers({ sleepUs, timers: loop, nowUs: loop.nowUs }).isFine();
  });
  expect(verdicts).toEqual([false, true]);
});

/** One turn of a thread: what comes in its poll, and who wants to be woken when. */
const turns = fc.array(
  fc.record({
    hasDatagram: fc.boolean(),
    pollUs: fc.nat(300),
    oversleepUs: fc.nat(120),
    wishes: fc.array(fc.record({ who: fc.nat(3), delayUs: fc.integer({ min: -50, max: 999 }) }), {
      maxLength: 2,
    }),
    timerMs: fc.option(fc.integer({ min: 1, max: 3 }), { freq: 4 }),
  }),
  { maxLength: 80 },
);

test('whatever happens: at most one sleep a turn, none after a datagram, and never a spin', () => {
  fc.assert(
    fc.property(turns, (script) => {
      start();
      const wanted = new Map<number, number>();
      const actions = [0, 1, 2, 3].map((who) => () => {
        expect(loop.timeUs).toBeGreaterThanOrEqual(wanted.get(who)!);
        expect(wanted.delete(who)).toBe(true);
        act();
      });
      const armedUs: number[] = [];
      for (const turn of script) {
        oversleepUs = turn.oversleepUs;
        const [sleepCount, ranCount] = [sleepsUs.length, ranAtUs.length];
        const wasScheduled = loop.soonCount > 0;
        let polledAtUs = 0;
        loop.turn(() => {
          loop.timeUs += turn.pollUs;
          polledAtUs = loop.timeUs;
          if (turn.hasDatagram) timers.onDatagram();
        });
        const slept = sleepsUs.slice(sleepCount);
        expect(slept.length).toBeLessThanOrEqual(turn.hasDatagram ? 0 : 1);
        for (const sleepUs of slept) {
          expect(sleepUs).toBeLessThanOrEqual(MAX_SLEEP_US);
          // Nobody else's timer came due in it.
          const until = polledAtUs + sleepUs;
          expect(armedUs.some((atUs) => atUs > polledAtUs && atUs <= until)).toBe(false);
        }
        // A turn that was taken at once has received, slept or had something to do; or it is the last.
        const hasActed = turn.hasDatagram || slept.length > 0 || ranAtUs.length > ranCount;
        if (wasScheduled && !hasActed) expect(loop.soonCount).toBe(0);
        for (const { who, delayUs } of turn.wishes) {
          wanted.set(who, loop.timeUs + delayUs);
          timers.until(loop.timeUs + delayUs, actions[who]!);
        }
        if (turn.timerMs !== null) {
          armedUs.push(loop.timeUs + turn.timerMs * 1000);
          timers.after(turn.timerMs, () => undefined);
        }
        // Whoever waits will be looked at.
        if (wanted.size > 0) expect(loop.soonCount + loop.timerCount).toBeGreaterThan(0);
        if (loop.soonCount === 0) loop.passMs(1);
      }
      // Then all is served, and nothing ticks any more.
      for (let turn = 0; turn < 40; turn++) {
        loop.turn();
        if (loop.soonCount === 0) loop.passMs(1);
      }
      expect(wanted.size).toBe(0);
      expect([loop.soonCount, loop.timerCount]).toEqual([0, 0]);
    }),
  );
});
