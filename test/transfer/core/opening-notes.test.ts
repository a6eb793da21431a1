import { expect, test } from 'vitest';
import { plainIntroduction } from '../../../src/transfer/core/index.ts';
import { encodeHeader, encodeScout } from '../../../src/transfer/core/wire/codec.ts';
import { crcCheck } from '../../../src/transfer/core/wire/packet-check.ts';
import {
  COMMON_HEADER_BYTES,
  SCOUT_BYTES,
  MIN_OPEN_BYTES,
  PacketType,
} from '../../../src/transfer/core/wire/packet.ts';
import { Exchange, KEY_ID, type Letter, SECOND_US } from './exchange.ts';

/** An exchange four seconds after a began to open, of whose datagrams these are dropped. */
function afterFourSeconds(drops: (letter: Letter, exchange: Exchange) => boolean): Exchange {
  const exchange = new Exchange();
  exchange.drops = (letter) => drops(letter, exchange);
  const introduction = plainIntroduction(KEY_ID);
  const { a, b, nowUs } = exchange;
  b.endpoint.expect(introduction, nowUs);
  a.endpoint.open(introduction, [b.address], nowUs, { isCompared: true });
  exchange.run(4 * SECOND_US);
  return exchange;
}

/** As anybody could make it who has seen the key id. */
function scout(keyId: string, length: number = SCOUT_BYTES): Uint8Array {
  const buffer = new Uint8Array(SCOUT_BYTES);
  encodeHeader(buffer, PacketType.scout, 0, 0);
  encodeScout(buffer, COMMON_HEADER_BYTES, keyId);
  crcCheck.write(buffer, length, 0);
  return buffer.subarray(0, length);
}

const NOTHING = { openCount: 0, scoutCount: 0, answerCount: 0 };

test('where nothing arrives the opener has its count of both sizes, and the other side counts none', () => {
  const exchange = afterFourSeconds(() => true);
  const { a, b } = exchange;
  expect(a.endpoint.openingNotes(KEY_ID)).toEqual({
    sent: { startedAtUs: SECOND_US, openCount: 5, scoutCount: 3 },
    seen: undefined,
  });
  expect(b.endpoint.openingNotes(KEY_ID)).toEqual({ sent: undefined, seen: NOTHING });
  expect(a.sentOf(PacketType.open)).toHaveLength(5);
  const scouts = a.sentOf(PacketType.scout).map(({ bytes }) => bytes.length);
  expect(scouts).toEqual([SCOUT_BYTES, SCOUT_BYTES, SCOUT_BYTES]);
});

test('where answers are lost the other side counts what came and how often it answered', () => {
  const { b } = afterFourSeconds(({ from }, { b }) => from === b);
  const seen = { openCount: 5, scoutCount: 3, answerCount: 5 };
  expect(b.endpoint.openingNotes(KEY_ID).seen).toEqual(seen);
  // A SCOUT gets no answer.
  expect(b.sent).toHaveLength(5);
});

test('where only small datagrams pass the other side counts those', () => {
  const { b } = afterFourSeconds(({ bytes }) => bytes.length >= MIN_OPEN_BYTES);
  expect(b.endpoint.openingNotes(KEY_ID).seen).toEqual({ ...NOTHING, scoutCount: 3 });
  expect(b.sent).toEqual([]);
});

test('to each of several addresses as much is sent, and counted', () => {
  const exchange = new Exchange();
  const { endpoint } = exchange.a;
  const addresses = [7, 8].map((port) => ({ address: '10.0.0.9', port }));
  endpoint.open(plainIntroduction(KEY_ID), addresses, exchange.nowUs, { isCompared: true });
  exchange.run(SECOND_US);
  expect(endpoint.openingNotes(KEY_ID).sent).toMatchObject({ openCount: 6, scoutCount: 2 });
  expect(exchange.a.sent).toHaveLength(8);
});

test('an opening that was answered has nothing to compare, and neither has one that was given up', () => {
  const exchange = Exchange.opened();
  expect(exchange.a.endpoint.openingNotes(KEY_ID).sent).toBeUndefined();
  const unanswered = afterFourSeconds(() => true);
  unanswered.run(60 * SECOND_US);
  const { a, b } = unanswered;
  expect(a.endpoint.openingNotes(KEY_ID).sent).toBeUndefined();
  expect(b.endpoint.openingNotes(KEY_ID).seen).toBeUndefined();
});

test('who has nobody to compare with sends no SCOUT', () => {
  const exchange = new Exchange();
  const { endpoint } = exchange.a;
  endpoint.open(plainIntroduction(KEY_ID), [exchange.b.address], exchange.nowUs);
  exchange.run(4 * SECOND_US);
  expect(exchange.a.sentOf(PacketType.open)).toHaveLength(5);
  expect(exchange.a.sent).toHaveLength(5);
});

test('a SCOUT of a stranger, a forged one and one of another size are not counted, not answered, not kept', () => {
  const exchange = new Exchange();
  const { a, b } = exchange;
  const forged = plainIntroduction(KEY_ID);
  const check = { ...crcCheck, verify: () => 'forged' as const };
  b.endpoint.expect({ ...forged, responderCheck: check }, exchange.nowUs);
  const strange = 'ffffffffffffffff';
  exchange.deliver(scout(strange), b, a.address);
  exchange.deliver(scout(KEY_ID), b, a.address);
  exchange.deliver(scout(KEY_ID, SCOUT_BYTES - 1), b, a.address);
  const { strangers, forged: forgedCount, malformed } = b.endpoint.counters;
  expect([strangers, forgedCount, malformed]).toEqual([1, 1, 1]);
  expect(b.endpoint.openingNotes(KEY_ID).seen).toEqual(NOTHING);
  expect(b.endpoint.openingNotes(strange)).toEqual({ sent: undefined, seen: undefined });
  expect(b.endpoint.expectedCount).toBe(1);
  expect(b.sent).toEqual([]);
});
