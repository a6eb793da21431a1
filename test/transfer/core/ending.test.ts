import { expect, test } from 'vitest';
import { MIN_LINGER_US } from '../../../src/transfer/core/connection/closing.ts';
import { CloseCode } from '../../../src/transfer/core/transport.ts';
import { PacketType } from '../../../src/transfer/core/wire/packet.ts';
import { content, Exchange, type Letter, readAll, SECOND_US, type Side } from './exchange.ts';

const isFrom =
  (side: Side) =>
  (letter: Letter): boolean =>
    letter.from === side;

function expectAllFree(side: Side): void {
  const { endpoint } = side;
  expect({
    connections: endpoint.connectionCount,
    openings: endpoint.openingCount,
    halfOpen: endpoint.halfOpenCount,
    granted: endpoint.ledger.grantedBytes,
    accounts: endpoint.ledger.accountCount,
    lent: endpoint.pool.lentCount,
  }).toEqual({ connections: 0, openings: 0, halfOpen: 0, granted: 0, accounts: 0, lent: 0 });
}

test('after a close, and a linger that nothing answers, everything is free on both sides, and no timer is armed', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  a.connection.write(content(100_000));
  exchange.run(SECOND_US);
  b.connection.write(content(50_000));
  exchange.run(SECOND_US);
  expect(b.endpoint.pool.lentCount).toBeGreaterThan(0);
  exchange.drops = isFrom(b);
  a.connection.close(CloseCode.cancelled, 'enough');
  exchange.run(100_000);
  expect(b.events.at(-1)).toMatchObject({
    type: 'closed',
    reason: { code: CloseCode.cancelled, reason: 'enough', byPeer: true },
  });
  expect(a.endpoint.connectionCount).toBe(1);
  exchange.run(5 * SECOND_US);
  for (const side of [a, b]) expectAllFree(side);
  exchange.run(60 * SECOND_US);
  for (const side of [a, b]) expect(side.endpoint.nextTimeoutUs()).toBe(Infinity);
});

test('during the linger each packet is answered with CLOSE, byte for byte; afterwards nothing is', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  exchange.drops = isFrom(a);
  a.connection.close(CloseCode.cancelled, '');
  exchange.run(0);
  b.connection.write(content(10));
  exchange.run(15_000);
  const closes = a.sentOf(PacketType.close);
  expect(closes.length).toBeGreaterThanOrEqual(2);
  for (const { bytes } of closes) expect(bytes).toEqual(closes[0]!.bytes);
  exchange.run(5 * SECOND_US);
  const count = a.sent.length;
  exchange.run(20 * SECOND_US);
  expect(a.sent.length).toBe(count);
  expect(a.endpoint.counters.unknownConnection).toBeGreaterThan(0);
});

test('CLOSE leaves once, and the linger lasts, however long nothing happened before', () => {
  const exchange = Exchange.opened();
  const { a } = exchange;
  exchange.drops = () => true;
  exchange.run(10 * SECOND_US);
  a.connection.close(CloseCode.cancelled, '');
  const { probeTimeoutUs } = a.connection.stats;
  exchange.run(probeTimeoutUs - 1);
  expect(a.sentOf(PacketType.close)).toHaveLength(1);
  exchange.run(1);
  expect(a.sentOf(PacketType.close)).toHaveLength(2);
  exchange.run(MIN_LINGER_US - probeTimeoutUs - 1);
  expect(a.endpoint.connectionCount).toBe(1);
  exchange.run(1);
  expectAllFree(a);
});

test('two sides that close at once do not answer each other for ever', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  a.connection.close(CloseCode.cancelled, '');
  b.connection.close(CloseCode.cancelled, '');
  exchange.run(5 * SECOND_US);
  expect(a.sentOf(PacketType.close).length).toBeLessThanOrEqual(4);
  expect(b.sentOf(PacketType.close).length).toBeLessThanOrEqual(4);
  for (const side of [a, b]) expectAllFree(side);
});

test('close(ok) waits until all that was written is acknowledged', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  exchange.drops = isFrom(b);
  a.connection.write(content(5_000));
  a.connection.close(CloseCode.ok, 'done');
  a.connection.write(content(10));
  exchange.run(SECOND_US);
  expect(a.connection.isClosed).toBe(false);
  expect(a.sentOf(PacketType.close)).toEqual([]);
  expect(readAll(b.connection)).toEqual(content(5_000));
  exchange.drops = () => false;
  exchange.run(2 * SECOND_US);
  expect(a.events.at(-1)).toMatchObject({
    type: 'closed',
    reason: { code: CloseCode.ok, reason: 'done', byPeer: false },
  });
  expect(b.events.at(-1)).toMatchObject({ type: 'closed', reason: { code: CloseCode.ok } });
});

test('close(ok) waits for a slow reader for as long as more is acknowledged', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  const written = content(120_000);
  a.connection.write(written);
  a.connection.close(CloseCode.ok, '');
  // The peer's credit is 64 KiB: without its reading nothing more leaves.
  const read: number[] = [];
  while (!b.connection.isClosed) {
    exchange.run(SECOND_US);
    const next = b.connection.peek().subarray(0, 5_000);
    read.push(...next);
    b.connection.consume(next.length);
    if (a.connection.acknowledgedBytes < written.length) expect(a.connection.isClosed).toBe(false);
  }
  expect(a.connection.acknowledgedBytes).toBe(written.length);
  expect(a.events.at(-1)).toMatchObject({ type: 'closed', reason: { code: CloseCode.ok } });
});

test('a second close does nothing', () => {
  const exchange = Exchange.opened();
  const { a } = exchange;
  a.connection.close(CloseCode.cancelled, 'first');
  a.connection.close(CloseCode.ok, 'second');
  exchange.run(3 * SECOND_US);
  expect(a.events.filter(({ type }) => type === 'closed')).toMatchObject([
    { reason: { code: CloseCode.cancelled, reason: 'first' } },
  ]);
});

test('an idle connection says PING every 15 s and stays open', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  const before = { a: a.sentOf(PacketType.ping).length, b: b.sentOf(PacketType.ping).length };
  exchange.run(61 * SECOND_US);
  expect(a.sentOf(PacketType.ping).length - before.a).toBe(4);
  expect(b.sentOf(PacketType.ping).length - before.b).toBe(4);
  expect(a.typesOf()).toEqual(['opened']);
});

test('a connection ends as vanished when no checked packet came for the idle time', () => {
  const exchange = Exchange.opened({ idleTimeoutUs: 20 * SECOND_US });
  const { a, b } = exchange;
  const lastHeardUs = Math.max(...b.sent.map(({ sentAtUs }) => sentAtUs)) + exchange.delayUs;
  exchange.drops = () => true;
  a.connection.write(content(5_000));
  exchange.run(lastHeardUs + 20 * SECOND_US - exchange.nowUs - 1);
  expect(a.connection.isClosed).toBe(false);
  exchange.run(1);
  expect(a.events.at(-1)).toMatchObject({
    type: 'closed',
    reason: { code: CloseCode.vanished, byPeer: false },
  });
  expectAllFree(a);
  exchange.run(60 * SECOND_US);
  expect(a.sentOf(PacketType.close)).toEqual([]);
  expectAllFree(b);
});

test('a damaged or foreign packet is no sign of life', () => {
  const exchange = Exchange.opened({ idleTimeoutUs: 20 * SECOND_US });
  const { a, b } = exchange;
  const ping = b.sent.at(-1)!.bytes.slice();
  ping[ping.length - 1]! ^= 1;
  exchange.drops = () => true;
  for (let second = 0; second < 25; second++) {
    exchange.run(SECOND_US);
    exchange.deliver(ping, a, b.address);
  }
  expect(a.connection.isClosed).toBe(true);
});

test('a copy of a packet that came before is no sign of life', () => {
  const exchange = Exchange.opened({ idleTimeoutUs: 20 * SECOND_US });
  const { a, b } = exchange;
  a.connection.write(content(20_000));
  a.connection.expectPeer();
  b.connection.ping();
  exchange.run(SECOND_US);
  const copies = [PacketType.ping, PacketType.ack, PacketType.mark].map(
    (type) => b.sentOf(type).at(-1)!.bytes,
  );
  exchange.drops = () => true;
  for (let second = 0; second < 25; second++) {
    exchange.run(SECOND_US);
    for (const copy of copies) exchange.deliver(copy, a, b.address);
  }
  expect(a.typesOf()).toContain('stalled');
  expect(a.typesOf()).not.toContain('resumed');
  expect(a.connection.isClosed).toBe(true);
});

test('waiting 5 s in vain is told as stalled once, and the return of the peer as resumed', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  a.connection.write(content(20_000));
  exchange.run(SECOND_US);
  const heardUs = exchange.nowUs;
  exchange.drops = () => true;
  a.connection.write(content(20_000));
  exchange.run(60 * SECOND_US);
  const stalls = a.events.flatMap((event) => (event.type === 'stalled' ? [event.sinceUs] : []));
  expect(stalls).toHaveLength(1);
  expect(stalls[0]).toBeLessThanOrEqual(heardUs);
  exchange.drops = () => false;
  exchange.run(3 * SECOND_US);
  expect(a.typesOf().slice(-2)).toEqual(['stalled', 'resumed']);
  expect(readAll(b.connection)).toHaveLength(40_000);
});

test('who expects its peer and owes it nothing is told of its silence after 5 s, and of its return within one', () => {
  const exchange = Exchange.opened({ idleTimeoutUs: 60 * SECOND_US });
  const { b } = exchange;
  b.connection.expectPeer();
  // A peer that lives answers each question.
  exchange.run(20 * SECOND_US);
  expect(b.typesOf()).toEqual(['opened']);
  exchange.drops = () => true;
  const heardUs = b.connection.silentSinceUs;
  exchange.run(heardUs + 5 * SECOND_US - 1 - exchange.nowUs);
  expect(b.typesOf()).toEqual(['opened']);
  exchange.run(1);
  expect(b.typesOf()).toEqual(['opened', 'stalled']);
  exchange.run(20 * SECOND_US);
  exchange.drops = () => false;
  exchange.run(SECOND_US + 2 * exchange.delayUs);
  expect(b.typesOf()).toEqual(['opened', 'stalled', 'resumed']);
});

test('a receiver whose peer never comes back ends after the idle time, counted from its last packet', () => {
  const exchange = Exchange.opened({ idleTimeoutUs: 60 * SECOND_US });
  const { b } = exchange;
  b.connection.expectPeer();
  exchange.drops = () => true;
  const heardUs = b.connection.silentSinceUs;
  exchange.run(heardUs + 60 * SECOND_US - 1 - exchange.nowUs);
  expect(b.typesOf()).toEqual(['opened', 'stalled']);
  exchange.run(1);
  expect(b.events.at(-1)).toMatchObject({ type: 'closed', reason: { code: CloseCode.vanished } });
});

test('who has bytes behind a gap waits too: the receiver of a path that died is told as stalled', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  let dataCount = 0;
  exchange.drops = ({ from, bytes }) => {
    if (from === b) return true;
    return bytes.length > 100 && dataCount++ !== 3;
  };
  a.connection.write(content(20_000));
  exchange.run(20 * SECOND_US);
  exchange.drops = () => true;
  exchange.run(20 * SECOND_US);
  expect(b.connection.readableBytes).toBe(0);
  expect(b.typesOf()).toEqual(['opened', 'stalled']);
});

test('a connection that has ended is told of nothing more, not even that its peer is back', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  exchange.drops = () => true;
  a.connection.write(content(20_000));
  exchange.run(10 * SECOND_US);
  expect(a.typesOf().at(-1)).toBe('stalled');
  exchange.drops = isFrom(a);
  a.connection.close(CloseCode.cancelled, '');
  b.connection.write(content(100));
  exchange.run(SECOND_US / 2);
  expect(a.typesOf().slice(-2)).toEqual(['stalled', 'closed']);
});

test('what is called on a closed connection does nothing', () => {
  const exchange = Exchange.opened();
  const { a, b } = exchange;
  b.connection.write(content(100));
  exchange.run(SECOND_US);
  const { connection } = a;
  connection.close(CloseCode.cancelled, '');
  connection.write(content(10));
  connection.flush();
  connection.finish();
  connection.consume(10);
  expect(connection.raiseCredit()).toBe(false);
  expect(connection.writeRoomBytes).toBe(0);
  expect(connection.readableBytes).toBe(0);
  expect(connection.peek()).toHaveLength(0);
  exchange.run(5 * SECOND_US);
  expectAllFree(a);
  expect(a.sentOf(PacketType.data)).toEqual([]);
});
