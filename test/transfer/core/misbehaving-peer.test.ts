import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OPENING_CREDIT_BYTES } from '../../../src/transfer/core/connection/credit-ledger.ts';
import { MAX_UNAWAITED_PACKETS } from '../../../src/transfer/core/connection/sending/sender.ts';
import { CloseCode } from '../../../src/transfer/core/transport.ts';
import { decodeClose, decodeHeader } from '../../../src/transfer/core/wire/codec.ts';
import { crcCheck } from '../../../src/transfer/core/wire/packet-check.ts';
import { PacketType } from '../../../src/transfer/core/wire/packet.ts';
import { content, Exchange, readAll, SECOND_US, type Side } from './exchange.ts';
import { ForgedPackets } from './forged-packets.ts';

/** Both sides number their packets from here: the numbers wrap during the test. */
const FIRST = 4_294_967_290;
const config = { firstPacketNumber: FIRST };

function expectViolation(side: Side): void {
  expect(side.events.at(-1)).toMatchObject({
    type: 'closed',
    reason: { code: CloseCode.violation, byPeer: false },
  });
  const close = side.sentOf(PacketType.close)[0]!;
  expect(decodeClose(close.bytes, 10)?.code).toBe(CloseCode.violation);
}

test('an ACK of a number that was never sent ends the connection as a violation', () => {
  const exchange = Exchange.opened(config);
  const { a, b } = exchange;
  const forged = new ForgedPackets(a.connection);
  exchange.deliver(forged.ack(FIRST + 100, FIRST + 101, 1e6), a, b.address);
  expectViolation(a);
  exchange.run(SECOND_US);
  expect(b.events.at(-1)).toMatchObject({
    type: 'closed',
    reason: { code: CloseCode.violation, byPeer: true },
  });
});

test('an ACK of a number that was skipped ends the connection as a violation', () => {
  // The lowest draw skips every second number: FIRST + 1 is the first.
  const exchange = Exchange.opened({ ...config, random: () => 0 }, config);
  const { a, b } = exchange;
  exchange.drops = ({ from }) => from === b;
  a.connection.write(content(100));
  exchange.run(1_000);
  const number = new DataView(a.sentOf(PacketType.data)[0]!.bytes.buffer).getUint32(10);
  expect(number).toBe(FIRST + 2);
  const forged = new ForgedPackets(a.connection);
  exchange.deliver(forged.ack(FIRST + 1, FIRST + 3, 1e6), a, b.address);
  expectViolation(a);
});

test('a byte beyond the credit ends the connection as a violation, the last granted one does not', () => {
  const exchange = Exchange.opened(config);
  const { a, b } = exchange;
  const forged = new ForgedPackets(b.connection);
  const last = forged.data(FIRST + 50, OPENING_CREDIT_BYTES - 100, content(100));
  exchange.deliver(last, b, a.address);
  expect(b.connection.isClosed).toBe(false);
  const beyond = forged.data(FIRST + 51, OPENING_CREDIT_BYTES - 99, content(100));
  exchange.deliver(beyond, b, a.address);
  expectViolation(b);
  expect(b.endpoint.pool.lentCount).toBe(0);
  expect(b.endpoint.ledger.grantedBytes).toBe(0);
});

test('another final offset ends the connection as a violation', () => {
  const exchange = Exchange.opened(config);
  const { a, b } = exchange;
  const forged = new ForgedPackets(b.connection);
  exchange.deliver(forged.data(FIRST + 50, 0, content(10), true), b, a.address);
  exchange.deliver(forged.data(FIRST + 51, 0, content(11), true), b, a.address);
  expectViolation(b);
});

const BEYOND_OURS = Math.max(...Object.values(CloseCode)) + 1;

test.each([CloseCode.vanished, CloseCode.unanswered, BEYOND_OURS, 65_535])(
  'a CLOSE with code %i, which no peer of ours sends, is the peer’s failure and no fault here',
  (code) => {
    const exchange = Exchange.opened(config);
    const { a, b } = exchange;
    exchange.deliver(new ForgedPackets(b.connection).close(code, 'later'), b, a.address);
    expect(b.events.at(-1)).toMatchObject({
      type: 'closed',
      reason: { code: CloseCode.internal, reason: 'later', byPeer: true },
    });
  },
);

test('a packet number is taken once: its second packet changes nothing', () => {
  const exchange = Exchange.opened(config);
  const { a, b } = exchange;
  const forged = new ForgedPackets(b.connection);
  exchange.deliver(forged.data(FIRST + 50, 0, content(10)), b, a.address);
  exchange.deliver(forged.data(FIRST + 50, 10, content(20)), b, a.address);
  expect(b.connection.readableBytes).toBe(10);
  expect(b.connection.stats.packetsReceivedTwiceCount).toBe(1);
});

test('MARK moves the floor: numbers below it are not taken any more', () => {
  const exchange = Exchange.opened(config);
  const { a, b } = exchange;
  const forged = new ForgedPackets(b.connection);
  exchange.deliver(forged.ping(FIRST + 60), b, a.address);
  const frequency = { ackEvery: 2, reorderThreshold: 1, maxAckDelayUs: 10_000 };
  exchange.deliver(forged.mark({ una: FIRST + 55, markSeq: 900, ...frequency }), b, a.address);
  exchange.deliver(forged.data(FIRST + 54, 0, content(10)), b, a.address);
  expect(b.connection.readableBytes).toBe(0);
  exchange.deliver(forged.data(FIRST + 55, 0, content(10)), b, a.address);
  expect(b.connection.readableBytes).toBe(10);
  // An older MARK that comes late moves nothing.
  exchange.deliver(forged.mark({ una: FIRST + 60, markSeq: 899, ...frequency }), b, a.address);
  exchange.deliver(forged.data(FIRST + 56, 10, content(10)), b, a.address);
  expect(b.connection.readableBytes).toBe(20);
});

test('a peer that asks by PATH_CHALLENGE again and again and acknowledges nothing is answered so often', () => {
  const exchange = Exchange.opened(config);
  const { a, b } = exchange;
  const forged = new ForgedPackets(b.connection);
  exchange.drops = ({ from }) => from === b;
  for (let nth = 0; nth < 3 * MAX_UNAWAITED_PACKETS; nth++) {
    exchange.deliver(forged.pathChallenge(FIRST + 50 + nth), b, a.address);
  }
  expect(b.sentOf(PacketType.pathResponse).length).toBe(MAX_UNAWAITED_PACKETS);
  // Once it acknowledges what comes to it, it is answered again.
  exchange.drops = () => false;
  b.connection.ping();
  exchange.run(SECOND_US);
  exchange.deliver(forged.pathChallenge(FIRST + 1000), b, a.address);
  expect(b.sentOf(PacketType.pathResponse).length).toBe(MAX_UNAWAITED_PACKETS + 1);
});

test('packets too short for their type are malformed: counted, unanswered', () => {
  const exchange = Exchange.opened(config);
  const { a, b } = exchange;
  const forged = new ForgedPackets(b.connection);
  const sentCount = b.sent.length;
  const types = Object.values(PacketType).filter(
    (type) => type !== PacketType.open && type !== PacketType.openAck,
  );
  for (const type of types) exchange.deliver(forged.bare(type), b, a.address);
  expect(b.endpoint.counters.malformed).toBe(types.length);
  expect(b.sent.length).toBe(sentCount);
  expect(b.connection.isClosed).toBe(false);
});

test('ids of nobody and damaged packets are counted, each as its own, and never answered', () => {
  const exchange = Exchange.opened(config);
  const { a, b } = exchange;
  const ping = new ForgedPackets(b.connection).ping(FIRST + 50);
  const sentCount = b.sent.length;
  const damaged = ping.slice();
  damaged[12]! ^= 1;
  exchange.deliver(damaged, b, a.address);
  const nobodys = ping.slice();
  nobodys[6]! ^= 1;
  crcCheck.write(nobodys, nobodys.length, 0);
  exchange.deliver(nobodys, b, a.address);
  exchange.run(SECOND_US);
  expect(b.endpoint.counters).toMatchObject({ damaged: 1, unknownConnection: 1, malformed: 0 });
  expect(b.sent.length).toBe(sentCount);
});

/** Whatever came, each datagram was counted once. */
function expectAllCounted(side: Side, receivedBefore: number, count: number): void {
  const { received } = side.endpoint.counters;
  expect(received - receivedBefore).toBe(count);
}

test('random datagrams of strangers are never answered, never thrown at and leave no memory', () => {
  const headed = fc
    .tuple(fc.integer({ min: 0x3f, max: 0x4d }), fc.uint8Array({ minLength: 5, maxLength: 1300 }))
    .map(([type, body]) => Uint8Array.from([0, 0, 0, 0, type, ...body]))
    .map((bytes) => {
      crcCheck.write(bytes, bytes.length, 0);
      return bytes;
    });
  const any = fc.oneof(fc.uint8Array({ maxLength: 1500 }), headed);
  const exchange = Exchange.opened(config);
  const { b } = exchange;
  const sentCount = b.sent.length;
  fc.assert(
    fc.property(fc.array(any, { maxLength: 20 }), (datagrams) => {
      const before = b.endpoint.counters.received;
      for (const datagram of datagrams) {
        exchange.deliver(datagram, b, { address: '10.9.9.9', port: 9 });
      }
      expectAllCounted(b, before, datagrams.length);
      expect(b.sent.length).toBe(sentCount);
      expect(b.endpoint.connectionCount).toBe(1);
      expect(b.endpoint.expectedCount).toBe(1);
    }),
  );
});

interface Mutation {
  readonly pick: number;
  readonly at: number;
  readonly value: number;
  readonly cut: number;
  readonly isResealed: boolean;
}

test('a peer that sends changed copies of its packets, checksums right, ends at most its connection', () => {
  const mutation: fc.Arbitrary<Mutation> = fc.record({
    pick: fc.nat(),
    at: fc.nat(60),
    value: fc.nat(255),
    cut: fc.nat(30),
    isResealed: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 30 }), (mutations) => {
      const exchange = Exchange.opened(config);
      const { a, b } = exchange;
      a.connection.write(content(20_000));
      a.connection.flush();
      exchange.run(60_000);
      const originals = a.sent.map(({ bytes }) => bytes);
      for (const { pick, at, value, cut, isResealed } of mutations) {
        const original = originals[pick % originals.length]!;
        const bytes = original.slice(0, original.length - (cut < 25 ? 0 : cut));
        bytes[at % bytes.length] = value;
        if (isResealed) crcCheck.write(bytes, bytes.length, 0);
        exchange.deliver(bytes, b, a.address);
      }
      exchange.run(400 * SECOND_US);
      // Whatever it was, it came to an end or to rest, and memory is within its bounds.
      const { endpoint } = b;
      if (b.connection.isClosed) expect(endpoint.connectionCount).toBe(0);
      expect(endpoint.ledger.grantedBytes).toBeLessThanOrEqual(134_217_728);
    }),
    { numRuns: 60 },
  );
});

test('damaged copies, checksums wrong, change nothing but counters', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (pick, at, change) => {
      const exchange = Exchange.opened(config);
      const { a, b } = exchange;
      exchange.drops = ({ from, bytes }) =>
        from === a && decodeHeader(bytes)?.type === PacketType.data;
      a.connection.write(content(3_000));
      exchange.run(1_000);
      const sent = a.sentOf(PacketType.data);
      const damaged = sent[pick % sent.length]!.bytes.slice();
      damaged[at % damaged.length]! ^= change;
      exchange.deliver(damaged, b, a.address);
      expect(b.connection.readableBytes).toBe(0);
      exchange.drops = () => false;
      exchange.run(SECOND_US);
      expect(readAll(b.connection)).toEqual(content(3_000));
    }),
    { numRuns: 100 },
  );
});
