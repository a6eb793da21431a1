import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import {
  MAX_JOBS_AT_ONCE,
  MAX_WAITING_JOBS,
  MAX_WAITING_JOBS_PER_NETWORK,
  PasswordQueue,
  REST_FACTOR,
} from '../../src/chat/io/password-queue.ts';
import { FakeClock } from './fake-clock.ts';

const never = (): boolean => false;

test('two passwords are worked on at once, one of a network; few wait, and networks take turns', async () => {
  const queue = new PasswordQueue(new FakeClock());
  const order: string[] = [];
  const running: string[] = [];
  const releases: (() => void)[] = [];
  let mostAtOnce = 0;
  const done: Promise<void>[] = [];
  const start = (address: string): boolean => {
    const run = queue.run(
      address,
      async () => {
        order.push(address);
        expect(running).not.toContain(address);
        running.push(address);
        mostAtOnce = Math.max(mostAtOnce, running.length);
        await new Promise<void>((resolve) => releases.push(resolve));
        running.splice(running.indexOf(address), 1);
      },
      never,
    );
    if (run) done.push(run);
    return run !== undefined;
  };
  const flood = Array.from({ length: 100 }, () => start('flood'));
  expect(flood.filter(Boolean)).toHaveLength(1 + MAX_WAITING_JOBS_PER_NETWORK);
  expect(running).toEqual(['flood']);
  expect(start('other')).toBe(true);
  expect(running).toEqual(['flood', 'other']); // although 64 came before
  let waitingCount = MAX_WAITING_JOBS_PER_NETWORK;
  while (start(`more ${waitingCount}`)) waitingCount += 1;
  expect(waitingCount).toBe(MAX_WAITING_JOBS);
  while (releases.length > 0) {
    releases.splice(0).forEach((release) => {
      release();
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(done);
  expect(mostAtOnce).toBe(MAX_JOBS_AT_ONCE);
  // Everybody else has had a turn before the flood has its third.
  const third = order.findIndex(
    (address, index) =>
      address === 'flood' &&
      order.slice(0, index).filter((earlier) => earlier === 'flood').length === 2,
  );
  expect(third).toBeGreaterThan(MAX_WAITING_JOBS - MAX_WAITING_JOBS_PER_NETWORK);
});

test('after a wrong password a network rests, in which others have their turn; after a right one not', async () => {
  const clock = new FakeClock();
  const queue = new PasswordQueue(clock);
  const order: string[] = [];
  const start = (address: string, name: string, isRight: boolean): void => {
    const work = (): Promise<boolean> => {
      order.push(name);
      clock.advance(100); // the work takes as long
      return Promise.resolve(isRight);
    };
    void queue.run(address, work, (wasRight) => !wasRight);
  };
  start('a', 'a1 wrong', false);
  start('a', 'a2 right', true);
  start('a', 'a3 right', true);
  await turn();
  expect(order).toEqual(['a1 wrong']);
  clock.advance(REST_FACTOR * 100 - 1);
  await turn();
  expect(order).toEqual(['a1 wrong']);
  clock.advance(1);
  await turn();
  expect(order).toEqual(['a1 wrong', 'a2 right', 'a3 right']);
  start('a', 'a4 wrong', false);
  start('a', 'a5 wrong', false);
  start('b', 'b1 right', true);
  await turn();
  expect(order.slice(3)).toEqual(['a4 wrong', 'b1 right']);
});

test('work that fails is told, and the next has its turn', async () => {
  const queue = new PasswordQueue(new FakeClock());
  const failing = queue.run('a', () => Promise.reject(new Error('no memory')), never);
  const next = queue.run('a', () => Promise.resolve('done'), never);
  await expect(failing).rejects.toThrow('no memory');
  expect(await next).toBe('done');
});
