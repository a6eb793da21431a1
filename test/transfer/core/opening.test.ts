import { expect, test } from 'vitest';
import { type PeerAddress, plainIntroduction } from '../../../src/transfer/core/index.ts';
import { MAX_CONNECTIONS, MAX_OUTBOX } from '../../../src/transfer/core/endpoint.ts';
import { INTRODUCTION_US, MAX_EXPECTED } from '../../../src/transfer/core/expectations.ts';
import { MAX_ANSWER_ADDRESSES, MAX_ANSWERS } from '../../../src/transfer/core/half-open.ts';
import { MAX_HALF_OPEN } from '../../../src/transfer/core/handshakes.ts';
import { STRANGE_ANSWER_ROUNDS } from '../../../src/transfer/core/opening.ts';
import { CloseCode } from '../../../src/transfer/core/transport.ts';
import { crcCheck } from '../../../src/transfer/core/wire/packet-check.ts';
import { PacketType } from '../../../src/transfer/core/wire/packet.ts';
import { Exchange, KEY_ID, type Letter, SECOND_US } from './exchange.ts';

const isFrom =
  (port: number) =>
  (letter: Letter): boolean =>
    letter.from.address.port === port;

/** Changes `bytes` and makes its checksum right again. */
function altered(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy);
  crcCheck.write(copy, copy.length, 0);
  return copy;
}

function keyIdOf(index: number): string {
  return index.toString(16).padStart(16, '0');
}

/** Where the message of an OPEN without tag begins: header (10), key id (8), length (2). */
const MESSAGE_AT = 20;

/** An exchange whose b has answered OPEN, and whose a never hears it. */
function halfOpened(): { exchange: Exchange; open: Uint8Array } {
  const exchange = new Exchange();
  exchange.drops = isFrom(exchange.b.address.port);
  exchange.open();
  exchange.run(20_000);
  expect(exchange.b.endpoint.halfOpenCount).toBe(1);
  return { exchange, open: exchange.a.sentOf(PacketType.open)[0]!.bytes };
}

test('an opening makes one connection on each side, and each is told once', () => {
  const exchange = Exchange.opened();
  for (const side of [exchange.a, exchange.b]) {
    expect(side.endpoint.connectionCount).toBe(1);
    expect(side.typesOf()).toEqual(['opened']);
    expect(side.connection.keyId).toBe(KEY_ID);
  }
  expect(exchange.a.connection.isOpener).toBe(true);
  expect(exchange.b.connection.isOpener).toBe(false);
  expect(exchange.a.connection.stats.smoothedRttUs).toBeLessThan(2 * exchange.delayUs + 11_000);
});

test('OPEN is repeated byte for byte, after 250 ms, doubling up to 4 s, for 60 s', () => {
  const exchange = new Exchange();
  exchange.drops = () => true;
  const handle = exchange.open();
  exchange.run(61 * SECOND_US);
  const opens = exchange.a.sentOf(PacketType.open);
  for (const { bytes } of opens) expect(bytes).toEqual(opens[0]!.bytes);
  expect(opens[0]!.bytes).toHaveLength(1200);
  const gapsMs = opens.slice(1).map(({ sentAtUs }, i) => (sentAtUs - opens[i]!.sentAtUs) / 1000);
  expect(gapsMs.slice(0, 6)).toEqual([250, 500, 1000, 2000, 4000, 4000]);
  expect(exchange.a.events).toEqual([
    {
      type: 'unopened',
      handle,
      reason: { code: CloseCode.unanswered, reason: 'no answer', byPeer: false },
    },
  ]);
  expect(exchange.a.endpoint.openingCount).toBe(0);
  expect(exchange.a.endpoint.nextTimeoutUs()).toBe(Infinity);
});

test('an opening that is abandoned sends nothing more and is told of nothing', () => {
  const exchange = new Exchange();
  exchange.drops = () => true;
  const handle = exchange.open();
  exchange.run(10_000);
  exchange.a.endpoint.abandon(handle);
  exchange.run(61 * SECOND_US);
  expect(exchange.a.sent).toHaveLength(1);
  expect(exchange.a.events).toEqual([]);
});

test('OPEN goes to at most 4 addresses', () => {
  const exchange = new Exchange();
  const addresses = Array.from({ length: 9 }, (_, i) => ({ address: '10.0.0.9', port: 50 + i }));
  exchange.a.endpoint.open(plainIntroduction(KEY_ID), addresses, exchange.nowUs);
  exchange.run(0);
  expect(exchange.a.sent.map(({ to }) => to)).toEqual(addresses.slice(0, 4));
});

test('the same OPEN gets the same answer, as often as it is answered at all', () => {
  const { exchange, open } = halfOpened();
  const { b, a } = exchange;
  for (let count = 0; count < 2 * MAX_ANSWERS; count++) exchange.deliver(open, b, a.address);
  const answers = b.sentOf(PacketType.openAck);
  expect(answers).toHaveLength(MAX_ANSWERS);
  for (const { bytes } of answers) expect(bytes).toEqual(answers[0]!.bytes);
  expect(b.endpoint.counters.strangers).toBe(MAX_ANSWERS + 1);
  expect(b.sent).toHaveLength(MAX_ANSWERS);
});

test('the stored answer goes to at most 4 addresses', () => {
  const { exchange, open } = halfOpened();
  const { b } = exchange;
  for (let port = 2000; port < 2010; port++) {
    exchange.deliver(open, b, { address: '10.0.0.3', port });
  }
  const ports = new Set(b.sentOf(PacketType.openAck).map(({ to }) => to.port));
  expect(ports.size).toBe(MAX_ANSWER_ADDRESSES);
});

/** An opening that has heard the right answer from an address that it never asked. */
function answeredElsewhere(config: ConstructorParameters<typeof Exchange>[0] = {}): Exchange {
  const exchange = new Exchange(config);
  exchange.drops = isFrom(exchange.b.address.port);
  exchange.open();
  exchange.run(20_000);
  const answer = exchange.b.sentOf(PacketType.openAck)[0]!.bytes;
  exchange.deliver(answer, exchange.a, ELSEWHERE);
  expect(exchange.a.endpoint.connectionCount).toBe(0);
  return exchange;
}

const ELSEWHERE: PeerAddress = { address: '10.0.0.7', port: 7 };

test('an answer from an address that was not asked waits for the one from where OPEN went', () => {
  const exchange = answeredElsewhere();
  const { a, b } = exchange;
  exchange.deliver(b.sentOf(PacketType.openAck)[0]!.bytes, a, ELSEWHERE);
  expect(a.endpoint.connectionCount).toBe(0);
  exchange.drops = () => false;
  exchange.run(SECOND_US);
  expect(a.sentOf(PacketType.open)).toHaveLength(2);
  expect(a.connection.peerAddress).toEqual(b.address);
  expect([a, b].map((side) => side.typesOf())).toEqual([['opened'], ['opened']]);
  expect(a.sent.every(({ to }) => to.port === b.address.port)).toBe(true);
});

test('a peer that answers only from an address that was not asked is believed after two OPENs more', () => {
  const exchange = answeredElsewhere();
  const { a } = exchange;
  exchange.run(4 * SECOND_US);
  expect(a.sentOf(PacketType.open)).toHaveLength(1 + STRANGE_ANSWER_ROUNDS);
  expect(a.connection.peerAddress).toEqual(ELSEWHERE);
});

test('a peer that answers only from an address that was not asked is believed when the time is up', () => {
  const exchange = answeredElsewhere({ openTimeoutUs: SECOND_US / 10 });
  const { a } = exchange;
  exchange.run(SECOND_US / 5);
  expect(a.typesOf()).toEqual(['opened']);
  expect(a.endpoint.openingCount).toBe(0);
});

test('another OPEN under a consumed key id is a stranger: counted, unanswered, no memory', () => {
  const { exchange, open } = halfOpened();
  const { b, a } = exchange;
  const other = altered(open, (copy) => {
    copy[MESSAGE_AT + 5]! ^= 1;
  });
  exchange.deliver(other, b, a.address);
  expect(b.sent).toHaveLength(1);
  expect(b.endpoint.counters.strangers).toBe(1);
  expect(b.endpoint.connectionCount).toBe(1);
});

test('once the opener was heard, its OPEN is a stranger too, also after the connection has ended', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  const open = a.sentOf(PacketType.open)[0]!.bytes;
  exchange.deliver(open, b, a.address);
  expect(b.endpoint.counters.strangers).toBe(1);
  a.connection.close(CloseCode.ok, '');
  exchange.run(5 * SECOND_US);
  expect(b.endpoint.connectionCount).toBe(0);
  exchange.deliver(open, b, a.address);
  expect(b.endpoint.counters.strangers).toBe(2);
  expect(b.endpoint.connectionCount).toBe(0);
  expect(b.sentOf(PacketType.openAck)).toHaveLength(1);
});

test('an OPEN after its introduction has expired is a stranger', () => {
  const exchange = new Exchange();
  exchange.drops = () => true;
  exchange.open();
  exchange.run(INTRODUCTION_US);
  expect(exchange.b.endpoint.expectedCount).toBe(0);
  exchange.deliver(exchange.a.sent[0]!.bytes, exchange.b, exchange.a.address);
  expect(exchange.b.endpoint.counters.strangers).toBe(1);
  expect(exchange.b.sent).toEqual([]);
});

test('a half-open connection is freed when its introduction expires, and nobody was told', () => {
  const { exchange } = halfOpened();
  const { b } = exchange;
  exchange.run(INTRODUCTION_US);
  expect(b.endpoint.halfOpenCount).toBe(0);
  expect(b.endpoint.connectionCount).toBe(0);
  expect(b.endpoint.ledger.grantedBytes).toBe(0);
  expect(b.endpoint.pool.lentCount).toBe(0);
  expect(b.endpoint.nextTimeoutUs()).toBe(Infinity);
  expect(b.events).toEqual([]);
});

test('until the opener was heard again nothing but the answer is sent', () => {
  const { exchange } = halfOpened();
  exchange.run(30 * SECOND_US);
  const { b, a } = exchange;
  expect(b.sent.length).toBe(b.sentOf(PacketType.openAck).length);
  expect(b.sent.length).toBeLessThanOrEqual(a.sentOf(PacketType.open).length);
});

test('an opener without a common version is refused, told so, and the introduction stays', () => {
  const exchange = new Exchange();
  const { a, b } = exchange;
  exchange.drops = (letter) => letter.from === a;
  const handle = exchange.open();
  exchange.run(0);
  const strange = altered(a.sent[0]!.bytes, (copy) => {
    // After the header (10), key id (8) and length (2): one version, which is the number 1.
    expect([copy[20], copy[21]]).toEqual([1, 1]);
    copy[21] = 77;
  });
  exchange.deliver(strange, b, a.address);
  exchange.run(20_000);
  expect(a.events).toEqual([
    {
      type: 'unopened',
      handle,
      reason: { code: CloseCode.version, reason: 'no common version', byPeer: true },
    },
  ]);
  expect(b.endpoint.connectionCount).toBe(0);
  exchange.deliver(a.sent[0]!.bytes, b, a.address);
  expect(b.endpoint.halfOpenCount).toBe(1);
});

test('an OPEN for which there is no memory is refused as busy', () => {
  const exchange = new Exchange({}, { creditPoolBytes: 100_000 });
  exchange.open(keyIdOf(1));
  exchange.run(SECOND_US / 2);
  const handle = exchange.open(keyIdOf(2));
  exchange.run(SECOND_US / 2);
  expect(exchange.a.events.at(-1)).toMatchObject({
    type: 'unopened',
    handle,
    reason: { code: CloseCode.busy, byPeer: true },
  });
  expect(exchange.b.endpoint.connectionCount).toBe(1);
});

test('an opener without memory of its own fails as busy, and keeps nothing', () => {
  const exchange = new Exchange({ creditPoolBytes: 60_000 }, {});
  exchange.open();
  exchange.run(SECOND_US / 2);
  expect(exchange.a.events).toMatchObject([
    { type: 'unopened', reason: { code: CloseCode.busy, byPeer: false } },
  ]);
  expect(exchange.a.endpoint.connectionCount + exchange.a.endpoint.openingCount).toBe(0);
});

test('a damaged OPEN is counted as damaged and consumes nothing', () => {
  const exchange = new Exchange();
  const { a, b } = exchange;
  exchange.drops = () => true;
  exchange.open();
  exchange.run(0);
  const damaged = a.sent[0]!.bytes.slice();
  damaged[1000]! ^= 4;
  exchange.deliver(damaged, b, a.address);
  expect(b.endpoint.counters).toMatchObject({ damaged: 1, strangers: 0 });
  exchange.deliver(a.sent[0]!.bytes, b, a.address);
  expect(b.endpoint.halfOpenCount).toBe(1);
});

test('introductions beyond the limit, and one that waits already, are not taken', () => {
  const { endpoint } = new Exchange().b;
  for (let index = 0; index < MAX_EXPECTED; index++) {
    expect(endpoint.expect(plainIntroduction(keyIdOf(index)), 0)).toBe(true);
  }
  expect(endpoint.expect(plainIntroduction(keyIdOf(MAX_EXPECTED)), 0)).toBe(false);
  endpoint.handleTimeout(INTRODUCTION_US);
  expect(endpoint.expectedCount).toBe(0);
  expect(endpoint.expect(plainIntroduction(KEY_ID), INTRODUCTION_US)).toBe(true);
  expect(endpoint.expect(plainIntroduction(KEY_ID), INTRODUCTION_US)).toBe(false);
});

test('the 65th half-open connection is refused as busy', () => {
  const exchange = new Exchange();
  const { a, b } = exchange;
  exchange.drops = () => true;
  for (let index = 0; index <= MAX_HALF_OPEN; index++) exchange.open(keyIdOf(index));
  exchange.run(0);
  const opens = a.sentOf(PacketType.open);
  expect(opens).toHaveLength(MAX_HALF_OPEN + 1);
  for (const { bytes } of opens) exchange.deliver(bytes, b, a.address);
  expect(b.endpoint.halfOpenCount).toBe(MAX_HALF_OPEN);
  expect(b.endpoint.connectionCount).toBe(MAX_HALF_OPEN);
  exchange.drops = () => false;
  exchange.deliver(b.sent.at(-1)!.bytes, a, b.address);
  expect(a.events).toMatchObject([{ type: 'unopened', reason: { code: CloseCode.busy } }]);
});

test('openings beyond 1,024 connections fail at once as busy', () => {
  const { endpoint } = new Exchange().a;
  const peer: PeerAddress = { address: '10.0.0.2', port: 2 };
  for (let index = 0; index < MAX_CONNECTIONS; index++) {
    endpoint.open(plainIntroduction(keyIdOf(index)), [peer], 0);
  }
  expect(endpoint.openingCount).toBe(MAX_CONNECTIONS);
  expect(endpoint.pollEvent()).toBeUndefined();
  const handle = endpoint.open(plainIntroduction(KEY_ID), [peer], 0);
  expect(endpoint.pollEvent()).toMatchObject({ type: 'unopened', handle });
  expect(endpoint.openingCount).toBe(MAX_CONNECTIONS);
});

test('OPENs beyond the 256 that wait to be sent leave as soon as those have left', () => {
  const exchange = new Exchange();
  const { endpoint } = exchange.a;
  exchange.drops = () => true;
  for (let index = 0; index < MAX_OUTBOX + 10; index++) {
    endpoint.open(plainIntroduction(keyIdOf(index)), [exchange.b.address], exchange.nowUs);
  }
  endpoint.handleTimeout(exchange.nowUs);
  exchange.drain();
  expect(exchange.a.sent).toHaveLength(MAX_OUTBOX);
  expect(endpoint.counters.outboxFull).toBe(0);
  exchange.run(0);
  expect(exchange.a.sent).toHaveLength(MAX_OUTBOX + 10);
});

test('answers beyond the 256 that wait to be sent are dropped and counted', () => {
  const exchange = new Exchange();
  const { a, b } = exchange;
  exchange.drops = () => true;
  exchange.open();
  exchange.run(0);
  // Of several introductions: each is worth few handshakes at once.
  const refused = Array.from({ length: 16 }, (_, index) => {
    b.endpoint.expect(plainIntroduction(keyIdOf(index)), exchange.nowUs);
    return altered(a.sent[0]!.bytes, (copy) => {
      copy.set(Buffer.from(keyIdOf(index), 'hex'), 10);
      copy[21] = 77;
    });
  });
  for (let count = 0; count < MAX_OUTBOX + 20; count++) {
    b.endpoint.handleDatagram(refused[count % 16]!, a.address, exchange.nowUs);
  }
  expect(b.endpoint.counters.outboxFull).toBe(20);
  exchange.drain();
  expect(b.sent).toHaveLength(MAX_OUTBOX);
});
