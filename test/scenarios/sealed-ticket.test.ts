import { expect, test } from 'vitest';
import { PacketType } from '../../src/transfer/core/wire/packet.ts';
import { sealedIntroduction } from '../../src/transfer/secure/sealed-introduction.ts';
import { peerKeyOf } from '../../src/transfer/secure/sealed-session.ts';
import { TAG_BYTES } from '../../src/transfer/secure/tag/tag-hash.ts';
import { Exchange, SECOND_US } from '../transfer/core/exchange.ts';
import { keyPairOf } from './sealed-pair.ts';

const ticket = { keyId: '0123456789abcdef', secret: new Uint8Array(32).fill(7) };
const receiver = keyPairOf('receiver');

/** An exchange whose b has given out a ticket. */
function ticketed(): Exchange {
  const exchange = new Exchange({ tagBytes: TAG_BYTES });
  const expected = sealedIntroduction({ ...ticket, ownKey: receiver, peerKey: undefined });
  exchange.b.endpoint.expectMany(expected, exchange.nowUs);
  return exchange;
}

function open(exchange: Exchange, name: string, receiverKey = receiver.publicKey): void {
  const ownKey = keyPairOf(name);
  const held = sealedIntroduction({ ...ticket, ownKey, peerKey: receiverKey });
  exchange.a.endpoint.open(held, [exchange.b.address], exchange.nowUs);
  exchange.run(SECOND_US / 2);
}

test('two holders of one ticket open connections of their own, each known by its key', () => {
  const exchange = ticketed();
  for (const name of ['derek', 'steve']) {
    open(exchange, name);
    const { session } = exchange.b.connection;
    expect(Buffer.compare(peerKeyOf(session)!, keyPairOf(name).publicKey)).toBe(0);
  }
  expect(exchange.b.endpoint.connectionCount).toBe(2);
});

test('an OPEN that is replayed is a stranger’s, also with another checksum before it', () => {
  const exchange = ticketed();
  open(exchange, 'derek');
  const { b } = exchange;
  const { bytes } = exchange.a.sentOf(PacketType.open)[0]!;
  const otherwise = bytes.slice();
  otherwise.set([1, 2, 3, 4]);
  for (const replayed of [bytes, otherwise]) {
    exchange.deliver(replayed, b, { address: '10.0.0.66', port: 66 });
  }
  expect(b.endpoint.counters).toMatchObject({ strangers: 2, damaged: 0, forged: 0 });
  expect(b.endpoint.connectionCount).toBe(1);
});

test('whoever has the secret but another receiver’s key meets silence', () => {
  const exchange = ticketed();
  open(exchange, 'derek', keyPairOf('somebody else').publicKey);
  expect(exchange.b.sent).toEqual([]);
  expect(exchange.b.endpoint.counters.malformed).toBe(2);
  expect(exchange.b.endpoint.connectionCount).toBe(0);
});
