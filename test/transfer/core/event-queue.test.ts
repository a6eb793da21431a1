import { expect, test } from 'vitest';
import type { Connection } from '../../../src/transfer/core/connection/connection.ts';
import { EventQueue } from '../../../src/transfer/core/event-queue.ts';
import { Exchange } from './exchange.ts';

/** Two connections, one of each side. */
function connections(): [Connection, Connection] {
  const { a, b } = Exchange.opened();
  return [a.connection, b.connection];
}

test('events come in the order in which they were pushed, then none', () => {
  const [one, two] = connections();
  const queue = new EventQueue();
  queue.push(one, 'opened');
  queue.push(two, 'sent');
  queue.pushUnopened(9, 5, 'no answer', false);
  queue.pushClosed(one, 1, 'enough', true);
  const events = Array.from({ length: 5 }, () => queue.shift());
  expect(events.map((event) => event?.type)).toEqual([
    'opened',
    'sent',
    'unopened',
    'closed',
    undefined,
  ]);
  expect(events[3]).toMatchObject({ reason: { code: 1, reason: 'enough', byPeer: true } });
});

test('readable and writable wait once for each connection, and again after they were taken', () => {
  const [one, two] = connections();
  const queue = new EventQueue();
  for (let count = 0; count < 1_000; count++) {
    queue.push(one, 'readable');
    queue.push(two, 'readable');
    queue.push(one, 'writable');
  }
  const taken = Array.from({ length: 4 }, () => queue.shift());
  expect(taken.filter((event) => event !== undefined)).toHaveLength(3);
  queue.push(one, 'readable');
  expect(queue.shift()?.type).toBe('readable');
  expect(queue.shift()).toBeUndefined();
});
