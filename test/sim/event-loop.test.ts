import { expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';
import { bottleneck } from './bottleneck.ts';
import { EventLoop } from './event-loop.ts';
import { Pair } from './pair.ts';
import { Random } from './random.ts';
import { delay } from './wire-elements.ts';

function turnsOf(loop: EventLoop, untilUs: number): number[] {
  const turns: number[] = [];
  for (let atUs = 0; ; atUs = turns.at(-1)! + 1) {
    const turnAtUs = loop.turnAtUs(atUs, 'timer');
    if (turnAtUs > untilUs) return turns;
    turns.push(turnAtUs);
  }
}

function gapsOf(turns: readonly number[]): number[] {
  return turns.slice(1).map((turn, index) => turn - turns[index]!);
}

test('a loop of 1 to 2 ms has a turn every 1.5 ms on average, never sooner or later', () => {
  const gaps = gapsOf(turnsOf(new EventLoop({ tickUs: [1000, 2000] }, new Random(1)), 10_000_000));
  expect(Math.min(...gaps)).toBe(1000);
  expect(Math.max(...gaps)).toBe(2000);
  expect(gaps.reduce((sum, gap) => sum + gap) / gaps.length).toBeCloseTo(1500, -1.5);
});

test('an instant that was named as a turn is one, whatever was asked between', () => {
  const loop = new EventLoop({ tickUs: [1000, 2000] }, new Random(2));
  for (let atUs = 0; atUs < 1_000_000; atUs += 137) {
    const turnAtUs = loop.turnAtUs(atUs, 'timer');
    expect(turnAtUs).toBeGreaterThanOrEqual(atUs);
    expect(loop.turnAtUs(atUs, 'datagram')).toBe(turnAtUs);
    if (turnAtUs === atUs) continue;
    expect(loop.turnAtUs(turnAtUs, 'timer')).toBe(turnAtUs);
    atUs = turnAtUs;
  }
});

test('datagrams wake a loop whose timers are coarse, but not one that stalls', () => {
  const stalls = { everyUs: 50_000, leastUs: 20_000, mostUs: 20_000 };
  const spec = { tickUs: [1000, 2000], isWokenByDatagrams: true, stalls } as const;
  const loop = new EventLoop(spec, new Random(3));
  const late = [0, 0];
  for (let atUs = 0; atUs < 10_000_000; atUs += 3) {
    if (loop.turnAtUs(atUs, 'datagram') > atUs) late[0]!++;
    if (loop.turnAtUs(atUs, 'timer') > atUs + 2000) late[1]!++;
  }
  // 20 ms of 70.
  expect((late[0]! * 3) / 10_000_000).toBeCloseTo(2 / 7, 1);
  expect((late[1]! * 3) / 10_000_000).toBeCloseTo(1.8 / 7, 1);
});

test('the same seed stalls at the same instants', () => {
  const stalls = { everyUs: 100_000, leastUs: 1_000, mostUs: 80_000 };
  const draw = (seed: number): number[] =>
    Array.from({ length: 10_000 }, (_, nth) => 100 * nth).map(
      (
        (loop) => (atUs) =>
          loop.turnAtUs(atUs, 'datagram')
      )(new EventLoop({ stalls }, new Random(seed))),
    );
  expect(draw(4)).toEqual(draw(4));
  expect(draw(4)).not.toEqual(draw(5));
});

test('what arrives between two ticks is heard at the second, in its order', () => {
  const path = new Arrivals([delay(100)], { loop: { tickUs: [2000, 2000] } });
  path.send(100, 300, 100);
  const { arrivals } = path;
  expect(arrivals.map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, nth) => nth));
  const phaseUs = arrivals[0]!.atUs % 2000;
  for (const { index, atUs } of arrivals) {
    expect(atUs % 2000).toBe(phaseUs);
    expect(atUs - (100 + 300 * index)).toBeGreaterThanOrEqual(0);
    expect(atUs - (100 + 300 * index)).toBeLessThan(2000);
  }
});

test('a receive buffer keeps what it has room for between two ticks, and drops what comes on top', () => {
  // 2,304 bytes are charged for each.
  const loop = { tickUs: [2000, 2000], receiveBufferBytes: 5 * 2304 } as const;
  const path = new Arrivals([], { loop });
  path.send(1000, 250, 1200);
  expect(path.receiver.socket.maxHeldBytes).toBe(5 * 2304);
  // Of each eight the first five; more of those that came before the first tick, if any.
  expect(path.arrivals.length).toBeGreaterThanOrEqual(625);
  expect(path.arrivals.length).toBeLessThan(630);
  expect(path.arrivals.length + path.receiver.socket.droppedCount).toBe(1000);
  expect(path.network.trace.text).toContain('socketDrop');
});

const LINK = [bottleneck(40e6, 250_000), delay(20_000)];
const BYTES = 10_000_000;
/** Of 40 Mbit/s, with packets of 1228 bytes of which 1180 are the stream's. */
const LIMIT_US = (BYTES * 8e6) / ((40e6 * 1180) / 1228);

test.each(['bbr', 'cubic'] as const)(
  'with %s a transfer between two loops of 1 to 2 ms takes no more than a tenth longer',
  (controller) => {
    const measure = (loop?: { tickUs: readonly [number, number] }): number => {
      const pair = new Pair({
        ...{ seed: 1, forward: LINK, backward: [delay(20_000)], config: { controller } },
        ...(loop === undefined ? {} : { loops: { a: loop, b: loop } }),
      });
      const run = pair.transfer({ bytes: BYTES });
      return run.responder.readFinishedAtUs - run.opener.openedAtUs;
    };
    const [fine, coarse] = [measure(), measure({ tickUs: [1000, 2000] })];
    expect(fine).toBeLessThan(1.25 * LIMIT_US);
    expect(coarse).toBeLessThan(1.1 * fine);
  },
);

test('stalls of up to 80 ms on both sides lose nothing and end nothing', () => {
  const loop = { stalls: { everyUs: 300_000, leastUs: 1_000, mostUs: 80_000 } };
  const pair = new Pair({
    ...{ seed: 1, forward: LINK, backward: [delay(20_000)], config: { controller: 'bbr' } },
    loops: { a: loop, b: loop },
  });
  const run = pair.transfer({ bytes: BYTES });
  expect(run.responder.readBytes).toBe(BYTES);
  expect(pair.b.socket.droppedCount).toBe(0);
});
