import { expect, test } from 'vitest';
import { plainSession } from '../../../../src/transfer/core/wire/packet-session.ts';
import type { Introduction } from '../../../../src/transfer/files/transfer.ts';
import {
  ExpectedPeers,
  MAX_INTRODUCED,
} from '../../../../src/transfer/io/ticket/expected-peers.ts';
import { introducedPeer } from '../../../../src/transfer/io/ticket/send-target.ts';
import { sessionKeys } from '../../../../src/transfer/secure/key-schedule.ts';
import { X25519KeyPair } from '../../../../src/transfer/secure/noise/x25519.ts';
import { SealedSession } from '../../../../src/transfer/secure/sealed-session.ts';

const own = X25519KeyPair.generate();
const peerKey = Buffer.from(X25519KeyPair.generate().publicKey).toString('hex');
const session = plainSession;

/** `room`: introductions that the socket takes. */
function expectedPeers({ room = Infinity } = {}): ExpectedPeers {
  let taken = 0;
  const engine = { expect: () => taken++ < room, expectMany: () => true };
  return new ExpectedPeers(engine, { address: '127.0.0.1', port: 6000 }, own);
}

function introduction(number: number): Introduction {
  return { keyId: number.toString(16).padStart(16, '0'), secret: '0f'.repeat(32), peerKey };
}

test('an introduction lets in one connection, as the one and for what it was made', () => {
  const peers = expectedPeers();
  const { keyId } = introduction(1);
  peers.expect(introduction(1), 'derek', 'message');
  expect(peers.take({ keyId, session })).toEqual({
    from: 'derek',
    purpose: 'message',
    origin: 'derek',
  });
  expect(peers.take({ keyId, session })).toBeUndefined();
});

test('the oldest introduction is forgotten for one more than may wait', () => {
  const peers = expectedPeers();
  for (let number = 0; number <= MAX_INTRODUCED; number++) {
    peers.expect(introduction(number), `peer ${number}`, 'files');
  }
  const fromOf = (number: number): string | undefined =>
    peers.take({ keyId: introduction(number).keyId, session })?.from;
  expect(fromOf(0)).toBeUndefined();
  expect(fromOf(1)).toBe('peer 1');
  expect(fromOf(MAX_INTRODUCED)).toBe(`peer ${MAX_INTRODUCED}`);
});

test('what is no introduction, or has no room, lets nobody in', () => {
  const peers = expectedPeers({ room: 1 });
  const wrong = { ...introduction(1), secret: 'none' };
  peers.expect(wrong, 'steve', 'files');
  peers.expect(introduction(2), 'derek', 'files');
  peers.expect(introduction(3), 'jess', 'files');
  const isIn = (number: number): boolean =>
    peers.take({ keyId: introduction(number).keyId, session }) !== undefined;
  expect([isIn(1), isIn(2), isIn(3)]).toEqual([false, true, false]);
});

test('whoever holds a ticket comes in again and again, known by key, and all count as one', () => {
  const peers = expectedPeers();
  const ticket = peers.ticket({ addresses: ['192.0.2.7'] });
  const { keyId } = introducedPeer({ ticket }).introduction;
  for (const fill of [1, 2]) {
    const holder = new Uint8Array(32).fill(fill);
    const keys = { send: new Uint8Array(32), receive: new Uint8Array(32) };
    const sealed = new SealedSession(sessionKeys(keys, new Uint8Array(32)), holder);
    expect(peers.take({ keyId, session: sealed })).toEqual({
      from: Buffer.from(holder).toString('hex'),
      purpose: 'files',
      origin: keyId,
    });
  }
});
