import { expect, test } from 'vitest';
import { LATE_US, LinkDirection } from '../../src/bench/link-direction.ts';
import { LinkPipe, MAX_HELD_BYTES, type PipeClock } from '../../src/bench/link-pipe.ts';
import {
  IP_UDP_BYTES,
  LINK_MTU_BYTES,
  type LinkProfile,
  MIN_QUEUE_PACKETS,
  possibleBytesPerSec,
  queueBytesOf,
} from '../../src/bench/link-profile.ts';

const FULL_DATAGRAM_BYTES = LINK_MTU_BYTES - IP_UDP_BYTES;

function profile(changes: Partial<LinkProfile> = {}): LinkProfile {
  return { bytesPerSec: undefined, rttMs: 0, lossShare: 0, seed: 1, ...changes };
}

/** Of `count` datagrams that come at once. */
function fates(direction: LinkDirection, count: number): (number | undefined)[] {
  return Array.from({ length: count }, () => direction.pass(FULL_DATAGRAM_BYTES, 0));
}

test('a link passes datagrams on at its rate, and half the round trip later', () => {
  // A full packet takes one millisecond.
  const direction = new LinkDirection(profile({ bytesPerSec: 1_500_000, rttMs: 80 }), 0);
  expect(fates(direction, 3)).toEqual([41_000, 42_000, 43_000]);
  // What comes when nothing waits is not held back by what has left.
  expect(direction.pass(FULL_DATAGRAM_BYTES, 1_000_000)).toBe(1_041_000);
  expect(direction.pass(250 - IP_UDP_BYTES, 2_000_000)).toBeCloseTo(2_040_000 + 1_000 / 6);
});

test('the queue holds a round trip at the rate of the link, and what finds it full is dropped', () => {
  const slow = profile({ bytesPerSec: 1_500_000, rttMs: 80 });
  expect(queueBytesOf(slow, 1_500_000)).toBe(120_000);
  const direction = new LinkDirection(slow, 0);
  // One that is on its way into the link, and a queue of 80 packets.
  expect(fates(direction, 90).filter((dueUs) => dueUs !== undefined)).toHaveLength(81);
  expect(direction.counters).toMatchObject({ datagramCount: 90, queueFullCount: 9 });
});

test('on a short way the queue still holds a burst', () => {
  const direction = new LinkDirection(profile({ bytesPerSec: 1_500_000, rttMs: 1 }), 0);
  const passed = fates(direction, 100).filter((dueUs) => dueUs !== undefined);
  expect(passed).toHaveLength(MIN_QUEUE_PACKETS + 1);
});

test('the seed says which datagrams are lost, by their number alone and apart for each direction', () => {
  const lostOf = (changes: Partial<LinkProfile>, nth: number, count = 2_000): number[] =>
    fates(new LinkDirection(profile({ lossShare: 0.03, ...changes }), nth), count).flatMap(
      (dueUs, index) => (dueUs === undefined ? [index] : []),
    );
  const lost = lostOf({}, 0);
  expect(lost.length).toBeGreaterThan(30);
  expect(lost.length).toBeLessThan(90);
  expect(lostOf({}, 0)).toEqual(lost);
  expect(lostOf({}, 1)).not.toEqual(lost);
  expect(lostOf({ seed: 2 }, 0)).not.toEqual(lost);
  expect(lostOf({ seed: 2 }, 0)).not.toEqual(lostOf({}, 1));
  expect(lostOf({ rttMs: 90 }, 0)).toEqual(lost);
  // One that is too large, or finds the queue full, changes nothing for those behind it.
  const direction = new LinkDirection(profile({ lossShare: 0.03 }), 0);
  const behind: number[] = [];
  for (let index = 0; index < 2_000; index++) {
    const isLarge = index % 10 === 0;
    const dueUs = direction.pass(isLarge ? FULL_DATAGRAM_BYTES + 1 : FULL_DATAGRAM_BYTES, 0);
    if (!isLarge && dueUs === undefined) behind.push(index);
  }
  expect(behind).toEqual(lost.filter((index) => index % 10 !== 0));
  expect(direction.counters.tooLargeCount).toBe(200);
});

test('what a link can carry leaves out headers and what is lost', () => {
  expect(possibleBytesPerSec(profile({ bytesPerSec: 1_500_000 }))).toBe(1_444_000);
  expect(possibleBytesPerSec(profile({ bytesPerSec: 1_500_000, lossShare: 0.5 }))).toBe(722_000);
  expect(possibleBytesPerSec(profile({ lossShare: 0.5 }))).toBeUndefined();
});

/** A clock that a test turns. */
class HandClock implements PipeClock {
  #nowUs = 0;
  #timer: { atUs: number; action: () => void } | undefined;

  nowUs(): number {
    return this.#nowUs;
  }

  after(delayUs: number, action: () => void): () => void {
    this.#timer = { atUs: this.#nowUs + delayUs, action };
    return () => (this.#timer = undefined);
  }

  get isArmed(): boolean {
    return this.#timer !== undefined;
  }

  /** Jumps there; the timer fires once, however late. */
  goTo(nowUs: number): void {
    this.#nowUs = nowUs;
    const timer = this.#timer;
    if (timer === undefined || timer.atUs > nowUs) return;
    this.#timer = undefined;
    timer.action();
  }
}

function pipe(changes: Partial<LinkProfile>): {
  pipe: LinkPipe;
  clock: HandClock;
  passed: number[];
} {
  const clock = new HandClock();
  const passed: number[] = [];
  const direction = new LinkDirection(profile(changes), 0);
  const held = new LinkPipe(direction, (datagram) => passed.push(datagram[0]!), clock);
  return { pipe: held, clock, passed };
}

test('a pipe sends each datagram on when it is due, in the order they came', () => {
  const { pipe: held, clock, passed } = pipe({ rttMs: 20 });
  held.take(Uint8Array.of(1));
  clock.goTo(5_000);
  held.take(Uint8Array.of(2));
  clock.goTo(9_999);
  expect(passed).toEqual([]);
  clock.goTo(10_000);
  expect(passed).toEqual([1]);
  clock.goTo(15_000);
  expect(passed).toEqual([1, 2]);
  expect(held.counters.lateCount).toBe(0);
  expect(clock.isArmed).toBe(false);
});

test('without delay and rate a datagram leaves at once', () => {
  const { pipe: held, clock, passed } = pipe({ lossShare: 0 });
  held.take(Uint8Array.of(7));
  expect(passed).toEqual([7]);
  expect(clock.isArmed).toBe(false);
});

test('what a busy machine sends on too late is counted', () => {
  const { pipe: held, clock, passed } = pipe({ rttMs: 20 });
  held.take(Uint8Array.of(1));
  held.take(Uint8Array.of(2));
  clock.goTo(10_000 + LATE_US);
  expect([passed, held.counters.lateCount]).toEqual([[1, 2], 0]);
  held.take(Uint8Array.of(3));
  clock.goTo(20_001 + 2 * LATE_US);
  expect([passed, held.counters.lateCount]).toEqual([[1, 2, 3], 1]);
});

test('a pipe holds no more than its bound, takes more when some have left, and nothing once closed', () => {
  const { pipe: held, clock, passed } = pipe({ rttMs: 20_000 });
  const datagram = new Uint8Array(FULL_DATAGRAM_BYTES);
  const most = Math.floor(MAX_HELD_BYTES / FULL_DATAGRAM_BYTES);
  for (let count = 0; count < most + 3; count++) held.take(datagram);
  expect(held.counters.queueFullCount).toBe(3);
  clock.goTo(10_000_000);
  expect(passed).toHaveLength(most);
  held.take(datagram);
  expect(held.counters.queueFullCount).toBe(3);
  held.close();
  expect(clock.isArmed).toBe(false);
});
