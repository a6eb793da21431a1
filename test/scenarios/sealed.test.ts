import { expect, test } from 'vitest';
import { ATTEMPTS_PER_SEC, MAX_ATTEMPTS } from '../../src/transfer/core/expectation.ts';
import { CloseCode } from '../../src/transfer/core/index.ts';
import type { ElementSpec } from '../sim/link.ts';
import { bottleneck } from '../sim/bottleneck.ts';
import { blackout, corrupt, delay, duplicate, lose, loss, reorder } from '../sim/wire-elements.ts';
import { isEmpty } from '../sim/workload.ts';
import { introduceSealed, keyPairOf, sealedPair } from './sealed-pair.ts';

const KEY_ID = '0123456789abcdef';

const badWeather: readonly ElementSpec[] = [
  bottleneck(50e6, 200_000),
  delay(10_000),
  loss(0.05),
  reorder(0.05, 5_000),
  duplicate(0.05, 1_000),
  corrupt(0.02),
  blackout([500_000, 1_500_000]),
];

test('sealed streams arrive intact both ways through bad weather, and leave nothing behind', () => {
  const pair = sealedPair({ seed: 3, forward: badWeather });
  const run = pair.transfer({ bytes: 3_000_000, replyBytes: 300_000 });
  expect([run.responder.readBytes, run.opener.readBytes]).toEqual([3_000_000, 300_000]);
  expect([isEmpty(pair.a), isEmpty(pair.b)]).toEqual([true, true]);
});

test('what the weather damages is never counted as a forgery', () => {
  const pair = sealedPair({ seed: 3, forward: [delay(1_000), corrupt(0.1)] });
  pair.transfer({ bytes: 1_000_000 });
  const { damaged, forged } = pair.b.transport.counters;
  expect(damaged).toBeGreaterThan(20);
  expect(forged).toBe(0);
});

test('sealed packets pass the wrap of their numbers', () => {
  const config = { firstPacketNumber: 2 ** 32 - 200 };
  const run = sealedPair({ seed: 4, config, forward: [delay(2_000), loss(0.02)] }).transfer({
    bytes: 2_000_000,
  });
  expect(run.responder.readBytes).toBe(2_000_000);
});

test('an OPEN and an OPEN_ACK that are lost are sent again, the same to the byte', () => {
  const sent: string[][] = [[], []];
  const loseFirst = (direction: number): ElementSpec =>
    lose((datagram, count) => {
      if (count < 2) sent[direction]!.push(Buffer.from(datagram).toString('hex'));
      return count === 0;
    });
  const pair = sealedPair({
    seed: 5,
    forward: [loseFirst(0), delay(1_000)],
    backward: [loseFirst(1), delay(1_000)],
  });
  expect(pair.transfer({ bytes: 5_000 }).responder.readBytes).toBe(5_000);
  expect(sent[0]![1]).toBe(sent[0]![0]);
  expect(sent[1]![1]).toBe(sent[1]![0]);
});

/** Opens with what a holder of the wrong thing has; what came of it within 30 s. */
function openWrongly(changes: Parameters<typeof introduceSealed>[1], expectedKeyId = KEY_ID) {
  const pair = sealedPair({ seed: 1, forward: [delay(1_000)] });
  pair.b.transport.expect(introduceSealed(expectedKeyId).responder, 0);
  pair.a.transport.open(introduceSealed(KEY_ID, changes).opener, [pair.b.address], 0);
  pair.network.runUntil(30_000_000);
  const { sentCount } = pair.forward.counters;
  expect(sentCount).toBeGreaterThan(5);
  expect(pair.backward.counters.sentCount, 'no answer').toBe(0);
  expect(pair.b.transport.connectionCount).toBe(0);
  expect(pair.b.transport.halfOpenCount).toBe(0);
  const { strangers, forged, malformed } = pair.b.transport.counters;
  return {
    strangers: strangers / sentCount,
    forged: forged / sentCount,
    malformed: malformed / sentCount,
  };
}

test('whoever has no introduction, or not its secret, gets no answer and leaves nothing behind', () => {
  expect(openWrongly({}, 'fedcba9876543210')).toEqual({ strangers: 1, forged: 0, malformed: 0 });
  const secret = new Uint8Array(32).fill(1);
  expect(openWrongly({ secret })).toEqual({ strangers: 0, forged: 1, malformed: 0 });
});

test('whoever knows the secret and is somebody else gets no answer', () => {
  const wrong = { strangers: 0, forged: 0, malformed: 1 };
  expect(openWrongly({ ownKey: keyPairOf('somebody') })).toEqual(wrong);
  expect(openWrongly({ peerKey: keyPairOf('somebody').publicKey })).toEqual(wrong);
});

test('a sealed introduction still opens after somebody with its secret has tried', () => {
  const pair = sealedPair({ seed: 1, forward: [delay(1_000)] });
  const somebody = introduceSealed(KEY_ID, { ownKey: keyPairOf('somebody') });
  const { opener, responder } = introduceSealed(KEY_ID);
  pair.b.transport.expect(responder, 0);
  const attempt = pair.a.transport.open(somebody.opener, [pair.b.address], 0);
  pair.network.runUntil(1_000_000);
  expect(pair.b.transport.counters.malformed).toBeGreaterThan(0);
  pair.a.transport.abandon(attempt);
  pair.network.at(1_000_000, pair.a, (nowUs) => {
    pair.a.transport.open(opener, [pair.b.address], nowUs);
  });
  pair.network.runUntil(2_000_000);
  expect(pair.b.transport.connectionCount).toBe(1);
});

test('whoever knows the secret gets at most 32 handshakes begun at once, and 100 a second', () => {
  const pair = sealedPair({ seed: 2, forward: [delay(1_000)] });
  const { transport, address } = pair.b;
  const { responder } = introduceSealed(KEY_ID);
  let handshakeCount = 0;
  transport.expect(
    {
      ...responder,
      createResponder: (header) => {
        handshakeCount++;
        return responder.createResponder(header);
      },
    },
    0,
  );
  let open: Uint8Array | undefined;
  const somebody = introduceSealed(KEY_ID, { ownKey: keyPairOf('somebody') });
  pair.a.transport.open(somebody.opener, [address], 0);
  const transmit = { buffer: new Uint8Array(2_000), length: 0, to: address };
  pair.a.transport.handleTimeout(0);
  if (pair.a.transport.pollTransmit(transmit, 0)) open = transmit.buffer.slice(0, transmit.length);
  const from = { address: 'elsewhere', port: 9 };
  for (let count = 0; count < 100; count++) transport.handleDatagram(open!, from, 1_000);
  expect(handshakeCount).toBe(MAX_ATTEMPTS);
  for (let ms = 1; ms <= 1_000; ms++) transport.handleDatagram(open!, from, 1_000 + 1_000 * ms);
  expect(handshakeCount).toBe(MAX_ATTEMPTS + ATTEMPTS_PER_SEC);
  expect(transport.counters.malformed).toBe(handshakeCount);
});

test('an OPEN sent by others, from anywhere, while the connection runs and after it, gets no answer', () => {
  let open: Uint8Array | undefined;
  const pair = sealedPair({
    seed: 6,
    forward: [
      delay(1_000),
      lose((datagram) => {
        open ??= Uint8Array.from(datagram);
        return false;
      }),
    ],
  });
  const run = pair.add({ bytes: 400_000, readBytesPerSec: 1_000_000 });
  const replay = (atUs: number, address: string): void => {
    pair.network.at(atUs, pair.b, (nowUs) => {
      pair.b.transport.handleDatagram(open!, { address, port: 9 }, nowUs);
    });
  };
  for (const atUs of [100_000, 200_000, 20_000_000]) {
    replay(atUs, pair.a.address.address);
    replay(atUs, 'elsewhere');
  }
  pair.network.runUntil(30_000_000);
  expect(run.responder.readBytes).toBe(400_000);
  expect(pair.b.transport.counters.strangers).toBe(6);
  expect(pair.network.unroutableCount).toBe(0);
});

test('the reason of a CLOSE is heard, and not by who watches', () => {
  const heard: Uint8Array[] = [];
  const watch = lose((datagram) => {
    heard.push(Uint8Array.from(datagram));
    return false;
  });
  const pair = sealedPair({ seed: 7, forward: [delay(1_000), watch] });
  const { opener, responder } = introduceSealed(KEY_ID);
  const reason = 'the file “plans.pdf” is not for you';
  let told: unknown;
  pair.b.application = (event) => {
    if (event.type === 'closed') told = event.reason;
  };
  pair.a.application = (event) => {
    if (event.type === 'opened') event.connection.close(CloseCode.refused, reason);
  };
  pair.b.transport.expect(responder, 0);
  pair.a.transport.open(opener, [pair.b.address], 0);
  pair.network.runUntil(10_000_000);
  expect(told).toEqual({ code: CloseCode.refused, reason, byPeer: true });
  expect(heard.length).toBeGreaterThan(1);
  for (const datagram of heard) {
    expect(Buffer.from(datagram).includes('plans'), 'the reason in the clear').toBe(false);
  }
});
