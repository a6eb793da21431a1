import { expect, test } from 'vitest';
import { Expectation, TICKET_OPENINGS } from '../../../src/transfer/core/expectation.ts';
import { INTRODUCTION_US, MAX_TICKETS } from '../../../src/transfer/core/expectations.ts';
import { MAX_ASKED_AT_ONCE } from '../../../src/transfer/core/openings.ts';
import { HalfOpen } from '../../../src/transfer/core/half-open.ts';
import { plainIntroduction } from '../../../src/transfer/core/index.ts';
import { CloseCode } from '../../../src/transfer/core/transport.ts';
import { TICKET_RENEWAL_US } from '../../../src/transfer/core/opening.ts';
import { PacketType } from '../../../src/transfer/core/wire/packet.ts';
import { Exchange, KEY_ID, SECOND_US } from './exchange.ts';

const ticket = plainIntroduction(KEY_ID);

/** An exchange whose b has given out a ticket. */
function ticketed(): Exchange {
  const exchange = new Exchange();
  expect(exchange.b.endpoint.expectMany(ticket, exchange.nowUs)).toBe(true);
  return exchange;
}

function open(exchange: Exchange): void {
  exchange.a.endpoint.open(ticket, [exchange.b.address], exchange.nowUs);
}

test('a ticket opens one connection after the other, long after an introduction would have expired', () => {
  const exchange = ticketed();
  for (let count = 1; count <= 3; count++) {
    exchange.run(2 * INTRODUCTION_US);
    open(exchange);
    exchange.run(SECOND_US);
    expect(exchange.b.typesOf().filter((type) => type === 'opened')).toHaveLength(count);
    exchange.a.connection.close(CloseCode.ok, '');
    exchange.run(5 * SECOND_US);
    expect(exchange.b.endpoint.connectionCount).toBe(0);
  }
  expect(exchange.b.endpoint.expectedCount).toBe(1);
});

test('of many openers at once 16 are half open, and the others open when they ask again', () => {
  const exchange = ticketed();
  const { a, b } = exchange;
  for (let count = 0; count < 30; count++) open(exchange);
  exchange.run(exchange.delayUs);
  expect(b.endpoint.halfOpenCount).toBe(16);
  expect(b.endpoint.counters).toMatchObject({ deferred: 14, strangers: 0 });
  expect(b.sentOf(PacketType.openAck)).toHaveLength(16);
  exchange.run(SECOND_US / 2);
  expect(a.typesOf()).toEqual(Array<string>(30).fill('opened'));
  expect(b.endpoint.connectionCount).toBe(30);
});

test('an opener of many asks so that its receiver has room for each, and none waits for a second OPEN', () => {
  const exchange = ticketed();
  const { a, b } = exchange;
  const count = 200;
  for (let opened = 0; opened < count; opened++) {
    a.endpoint.open(ticket, [b.address], exchange.nowUs, { isTicket: true });
  }
  exchange.run(exchange.delayUs - 1);
  expect(a.sentOf(PacketType.open)).toHaveLength(MAX_ASKED_AT_ONCE);
  // More than `MAX_ATTEMPTS` and what is saved up in this time: those that are heard again count not.
  const roundTrips = Math.ceil(count / MAX_ASKED_AT_ONCE);
  exchange.run(2 * roundTrips * exchange.delayUs + exchange.delayUs);
  expect(a.typesOf()).toEqual(Array<string>(count).fill('opened'));
  expect(a.sentOf(PacketType.open)).toHaveLength(count);
  expect(b.endpoint.counters).toMatchObject({ deferred: 0, strangers: 0 });
  expect(a.endpoint.nextTimeoutUs()).toBeGreaterThan(exchange.nowUs);
});

test('OPENs without an answer hold others under their ticket back until they are repeated, no longer', () => {
  const exchange = ticketed();
  const { a, b } = exchange;
  for (let opened = 0; opened < 3 * MAX_ASKED_AT_ONCE; opened++) {
    a.endpoint.open(ticket, [b.address], exchange.nowUs, { isTicket: true });
  }
  exchange.drops = ({ from }) => from === a;
  const firstOpens = (): number =>
    new Set(a.sentOf(PacketType.open).map(({ bytes }) => String(bytes))).size;
  exchange.run(SECOND_US / 4 - 1);
  expect(firstOpens()).toBe(MAX_ASKED_AT_ONCE);
  exchange.run(SECOND_US / 4);
  expect(firstOpens()).toBe(2 * MAX_ASKED_AT_ONCE);
  exchange.drops = () => false;
  exchange.run(3 * SECOND_US);
  expect(a.typesOf()).toEqual(Array<string>(3 * MAX_ASKED_AT_ONCE).fill('opened'));
});

test('an OPEN that was accepted opens no second connection, neither before nor after its end', () => {
  const exchange = ticketed();
  const { a, b } = exchange;
  open(exchange);
  exchange.run(SECOND_US / 2);
  const replayed = a.sentOf(PacketType.open)[0]!.bytes;
  const thief = { address: '10.0.0.66', port: 66 };
  exchange.deliver(replayed, b, thief);
  a.connection.close(CloseCode.ok, '');
  exchange.run(2 * INTRODUCTION_US);
  exchange.deliver(replayed, b, thief);
  expect(b.endpoint.counters.strangers).toBe(2);
  expect(b.endpoint.connectionCount).toBe(0);
  expect(b.sent.filter(({ to }) => to.port === thief.port)).toEqual([]);
});

test('a half-open connection of a ticket is freed after 60 s, and the ticket stays', () => {
  const exchange = ticketed();
  const { a, b } = exchange;
  exchange.drops = ({ from }) => from === b;
  open(exchange);
  exchange.run(20_000);
  expect(b.endpoint.halfOpenCount).toBe(1);
  exchange.run(INTRODUCTION_US);
  expect(b.endpoint.halfOpenCount + b.endpoint.connectionCount).toBe(0);
  expect(b.endpoint.nextTimeoutUs()).toBe(Infinity);
  exchange.drops = () => false;
  exchange.deliver(a.sentOf(PacketType.open)[0]!.bytes, b, a.address);
  expect(b.endpoint.counters.strangers).toBe(1);
  open(exchange);
  exchange.run(SECOND_US);
  expect(b.typesOf()).toEqual(['opened']);
});

const GIVE_UP_US = 300_000_000;

test.each([70, 130, 290])(
  'the holder of a ticket whose answers are lost for %i s opens within 5 s of their return',
  (lostSeconds) => {
    const exchange = ticketed();
    const { a, b } = exchange;
    exchange.drops = ({ from }) => from === b;
    const options = { isTicket: true, timeoutUs: GIVE_UP_US };
    a.endpoint.open(ticket, [b.address], exchange.nowUs, options);
    exchange.run(lostSeconds * SECOND_US);
    expect(a.events).toEqual([]);
    // What was opened in vain is freed, so that no opener fills the ticket.
    expect(b.endpoint.halfOpenCount).toBeLessThanOrEqual(2);
    exchange.drops = () => false;
    exchange.run(5 * SECOND_US);
    expect([a, b].map((side) => side.typesOf())).toEqual([['opened'], ['opened']]);
    expect(a.endpoint.openingCount).toBe(0);
  },
);

test('the holder of a ticket is told once that nobody answers, when its time is up', () => {
  const exchange = ticketed();
  const { a, b } = exchange;
  exchange.drops = () => true;
  const options = { isTicket: true, timeoutUs: GIVE_UP_US };
  const handle = a.endpoint.open(ticket, [b.address], exchange.nowUs, options);
  exchange.run(GIVE_UP_US - 1);
  expect(a.events).toEqual([]);
  exchange.run(1);
  expect(a.events).toMatchObject([{ type: 'unopened', handle }]);
  expect(a.endpoint.openingCount).toBe(0);
  const opens = new Set(a.sentOf(PacketType.open).map(({ bytes }) => String(bytes)));
  expect(opens.size).toBe(GIVE_UP_US / TICKET_RENEWAL_US);
});

test('a renewed opening that is abandoned sends nothing more', () => {
  const exchange = ticketed();
  const { a, b } = exchange;
  exchange.drops = () => true;
  const options = { isTicket: true, timeoutUs: GIVE_UP_US };
  const handle = a.endpoint.open(ticket, [b.address], exchange.nowUs, options);
  exchange.run(TICKET_RENEWAL_US + SECOND_US);
  a.endpoint.abandon(handle);
  const { length } = a.sent;
  exchange.run(GIVE_UP_US);
  expect(a.sent).toHaveLength(length);
  expect(a.events).toEqual([]);
});

test('a ticket ends after 65,536 connections, the last of which is still answered', () => {
  const expectation = new Expectation(ticket, TICKET_OPENINGS, Infinity);
  const halfOpen = new HalfOpen(undefined as never, new Uint8Array(0), Infinity);
  for (let count = 0; count < 65_536; count++) {
    expect(expectation.mayOpen(`${count}`)).toBe('now');
    expectation.accept(`${count}`, halfOpen);
    if (count < 65_535) expectation.settle(`${count}`);
  }
  expect(expectation.mayOpen('another')).toBe('never');
  expect(expectation.isOver).toBe(false);
  expect(expectation.halfOpenOf('65535')).toBe(halfOpen);
  expectation.settle('65535');
  expect(expectation.isOver).toBe(true);
});

test('the 17th ticket of an endpoint, and one that it knows, are not taken', () => {
  const { endpoint } = new Exchange().b;
  for (let index = 0; index < MAX_TICKETS; index++) {
    const keyId = index.toString(16).padStart(16, '0');
    expect(endpoint.expectMany(plainIntroduction(keyId), 0)).toBe(true);
    expect(endpoint.expectMany(plainIntroduction(keyId), 0)).toBe(false);
    expect(endpoint.expect(plainIntroduction(keyId), 0)).toBe(false);
  }
  expect(endpoint.expectMany(ticket, 0)).toBe(false);
  expect(endpoint.expect(ticket, 0)).toBe(true);
});
