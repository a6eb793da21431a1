import { expect, test } from 'vitest';
import { MIN_LINGER_US } from '../../../src/transfer/core/connection/closing.ts';
import { CloseCode } from '../../../src/transfer/core/transport.ts';
import { decodeClose, decodeHeader } from '../../../src/transfer/core/wire/codec.ts';
import { COMMON_HEADER_BYTES, PacketType } from '../../../src/transfer/core/wire/packet.ts';
import { Random } from '../../sim/random.ts';
import { content, Exchange, type Letter, SECOND_US, type Side } from './exchange.ts';
import { ForgedPackets } from './forged-packets.ts';

/** CLOSE leaves once, and so many times again while nobody answers. */
const REPEAT_COUNT = 3;

function closesOf(side: Side): Letter[] {
  return side.sentOf(PacketType.close);
}

function isClose({ bytes }: Letter): boolean {
  return decodeHeader(bytes)?.type === PacketType.close;
}

function isGone({ endpoint }: Side): boolean {
  return endpoint.connectionCount === 0;
}

/** What both sides send from now on. */
function sentFrom({ a, b }: Exchange): () => number {
  const before = a.sent.length + b.sent.length;
  return () => a.sent.length + b.sent.length - before;
}

/** The CLOSE that this side says now. */
function sentOnce(exchange: Exchange, side: Side): Letter {
  exchange.run(0);
  expect(closesOf(side)).toHaveLength(1);
  return closesOf(side)[0]!;
}

test.each(['opener', 'responder'] as const)(
  'the %s that closes is gone after one round trip, and its peer as it answers',
  (closer) => {
    const exchange = Exchange.opened();
    const { a, b } = exchange;
    const [closing, other] = closer === 'opener' ? [a, b] : [b, a];
    closing.connection.close(CloseCode.cancelled, 'enough');
    exchange.run(exchange.delayUs);
    expect(isGone(other)).toBe(true);
    expect(other.events.at(-1)).toMatchObject({
      type: 'closed',
      reason: { code: CloseCode.cancelled, reason: 'enough', byPeer: true },
    });
    exchange.run(exchange.delayUs - 1);
    expect(closing.endpoint.connectionCount).toBe(1);
    exchange.run(1);
    expect(isGone(closing)).toBe(true);
    expect(closing.typesOf()).toEqual(['opened', 'closed']);
    exchange.run(60 * SECOND_US);
    expect([closesOf(closing).length, closesOf(other).length]).toEqual([1, 1]);
  },
);

test('an answer says that all is well and nothing else, is no longer than what it answers, and goes where all goes', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  a.connection.close(CloseCode.ok, '');
  const asked = sentOnce(exchange, a);
  exchange.drops = () => true;
  // The copy that arrives came from somewhere else.
  exchange.deliver(asked.bytes, b, { address: 'elsewhere', port: 9 });
  const [answer] = closesOf(b) as [Letter];
  expect(decodeClose(answer.bytes, COMMON_HEADER_BYTES)).toEqual({
    code: CloseCode.ok,
    reason: '',
  });
  expect(answer.bytes.length).toBe(asked.bytes.length);
  expect(answer.to).toEqual(a.address);
});

test('two sides that close at once say CLOSE once each, and are gone when they have heard the other', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  a.connection.close(CloseCode.cancelled, 'a');
  b.connection.close(CloseCode.refused, 'b');
  exchange.run(exchange.delayUs);
  expect([isGone(a), isGone(b)]).toEqual([true, true]);
  for (const [side, reason] of [
    [a, 'a'],
    [b, 'b'],
  ] as const) {
    expect(side.events.at(-1)).toMatchObject({ reason: { reason, byPeer: false } });
  }
  exchange.run(60 * SECOND_US);
  expect([closesOf(a).length, closesOf(b).length]).toEqual([1, 1]);
});

test('a CLOSE that arrives before this side has sent its own still gets that one, once', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  a.connection.close(CloseCode.cancelled, '');
  const close = sentOnce(exchange, a);
  b.connection.close(CloseCode.refused, 'no');
  exchange.deliver(close.bytes, b, a.address);
  expect(closesOf(b).map(({ bytes }) => decodeClose(bytes, COMMON_HEADER_BYTES)?.reason)).toEqual([
    'no',
  ]);
  expect(isGone(b)).toBe(true);
  exchange.run(SECOND_US);
  expect(closesOf(b)).toHaveLength(1);
});

test('who waits for acknowledgements before CLOSE(ok) answers the CLOSE of its peer, and ends by it', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  exchange.drops = ({ from }) => from === b;
  b.connection.write(content(5_000));
  b.connection.close(CloseCode.ok, 'done');
  exchange.run(SECOND_US / 2);
  expect(b.connection.isClosed).toBe(false);
  exchange.drops = () => false;
  a.connection.close(CloseCode.cancelled, 'no more');
  exchange.run(2 * exchange.delayUs);
  expect(b.events.at(-1)).toMatchObject({
    reason: { code: CloseCode.cancelled, reason: 'no more', byPeer: true },
  });
  expect([isGone(a), isGone(b)]).toEqual([true, true]);
  expect([closesOf(a).length, closesOf(b).length]).toEqual([1, 1]);
});

test('a CLOSE that was lost is said again after a probe timeout, and that one is answered', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  const { probeTimeoutUs } = a.connection.stats;
  exchange.drops = (letter) => isClose(letter) && closesOf(a).length === 1;
  a.connection.close(CloseCode.cancelled, '');
  exchange.run(probeTimeoutUs + 2 * exchange.delayUs);
  expect([isGone(a), isGone(b)]).toEqual([true, true]);
  expect([closesOf(a).length, closesOf(b).length]).toEqual([2, 1]);
  expect(probeTimeoutUs + 2 * exchange.delayUs).toBeLessThan(MIN_LINGER_US);
});

test('when the answer is lost, or there is none as of an older peer, CLOSE is repeated and the linger lasts', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  exchange.drops = ({ from }) => from === b;
  a.connection.close(CloseCode.cancelled, '');
  exchange.run(exchange.delayUs);
  expect(isGone(b)).toBe(true);
  exchange.run(MIN_LINGER_US - exchange.delayUs - 1);
  expect(a.endpoint.connectionCount).toBe(1);
  exchange.run(1);
  expect(isGone(a)).toBe(true);
  expect(closesOf(a)).toHaveLength(1 + REPEAT_COUNT);
  // It has forgotten the connection, and answers none of the repeats.
  expect(closesOf(b)).toHaveLength(1);
  expect(b.endpoint.counters.unknownConnection).toBe(REPEAT_COUNT);
});

test('an answer that cannot leave is kept as long as a linger and no longer, whatever comes meanwhile', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  a.connection.close(CloseCode.cancelled, '');
  const close = sentOnce(exchange, a);
  const { endpoint } = b;
  const startUs = exchange.nowUs;
  for (let atUs = startUs; atUs < startUs + MIN_LINGER_US; atUs += MIN_LINGER_US / 10) {
    endpoint.handleDatagram(close.bytes.slice(), a.address, atUs);
    endpoint.handleTimeout(atUs);
    expect(endpoint.connectionCount).toBe(1);
  }
  endpoint.handleTimeout(startUs + MIN_LINGER_US);
  expect(isGone(b)).toBe(true);
});

test('copies of both CLOSEs make nobody speak afterwards, wherever they come from', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  a.connection.close(CloseCode.cancelled, '');
  exchange.run(SECOND_US);
  const copies = [...closesOf(a), ...closesOf(b)].map(({ bytes }) => bytes);
  expect(copies).toHaveLength(2);
  const newlySent = sentFrom(exchange);
  for (const copy of copies) {
    for (const side of [a, b]) {
      exchange.deliver(copy, side, side === a ? b.address : a.address);
      exchange.deliver(copy, side, { address: 'elsewhere', port: 9 });
    }
  }
  exchange.run(60 * SECOND_US);
  expect(newlySent()).toBe(0);
});

test('a CLOSE that is not the peer’s, or that cannot be read, gets no answer and ends no linger', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  const broken = (side: Side): Uint8Array[] => {
    const whole = new ForgedPackets(side.connection).close(CloseCode.ok, '');
    const changed = whole.slice();
    changed[changed.length - 1]! ^= 1;
    return [changed, new ForgedPackets(side.connection).bare(PacketType.close)];
  };
  exchange.drops = () => true;
  const newlySent = sentFrom(exchange);
  for (const bytes of broken(b)) exchange.deliver(bytes, b, a.address);
  expect(b.connection.isClosed).toBe(false);
  expect(newlySent()).toBe(0);
  a.connection.close(CloseCode.cancelled, '');
  sentOnce(exchange, a);
  for (const bytes of broken(a)) exchange.deliver(bytes, a, b.address);
  expect(a.endpoint.connectionCount).toBe(1);
  expect(newlySent()).toBe(1);
  for (const { endpoint } of [a, b]) {
    expect(endpoint.counters).toMatchObject({ damaged: 1, malformed: 1 });
  }
});

test.each([
  [0.01, 0.03],
  [0.05, 0.1],
])('where a share of %d is lost, at most %d of all ends take the whole linger', (loss, share) => {
  const END_COUNT = 400;
  const random = new Random(1);
  let lingerCount = 0;
  for (let count = 0; count < END_COUNT; count++) {
    const exchange = Exchange.opened();
    const { a } = exchange;
    exchange.drops = () => random.chance(loss);
    a.connection.close(CloseCode.ok, '');
    exchange.run(MIN_LINGER_US - 1);
    if (!isGone(a)) lingerCount++;
    exchange.run(1);
    expect(isGone(a)).toBe(true);
  }
  expect(lingerCount).toBeGreaterThan(0);
  expect(lingerCount / END_COUNT).toBeLessThanOrEqual(share);
});
