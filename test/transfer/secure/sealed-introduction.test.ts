import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TransportIntroduction } from '../../../src/transfer/core/index.ts';
import { X25519KeyPair } from '../../../src/transfer/secure/noise/x25519.ts';
import { plainRecords } from '../../../src/transfer/secure/record-cipher.ts';
import { sealedIntroduction } from '../../../src/transfer/secure/sealed-introduction.ts';
import { peerKeyOf, recordsOf } from '../../../src/transfer/secure/sealed-session.ts';
import { plainSession } from '../../../src/transfer/core/index.ts';

const HEADER = Uint8Array.of(0x41, 0, 1, 2, 3, 4);
const [one, other] = [X25519KeyPair.generate(), X25519KeyPair.generate()];

/** Default randomness: the system's. */
function introduction(isOpener: boolean): TransportIntroduction {
  return sealedIntroduction({
    keyId: '0011223344556677',
    secret: new Uint8Array(32).fill(5),
    ownKey: isOpener ? one : other,
    peerKey: (isOpener ? other : one).publicKey,
  });
}

/** Both sides after a handshake that said these parameters. */
function opened(offer: Uint8Array, answer: Uint8Array) {
  const opener = introduction(true).createOpener(HEADER);
  const responder = introduction(false).createResponder(HEADER);
  expect(Buffer.from(offer).equals(responder.readOpen(opener.writeOpen(offer))!)).toBe(true);
  expect(Buffer.from(answer).equals(opener.readOpenAck(responder.writeOpenAck(answer))!)).toBe(
    true,
  );
  return [opener.session, responder.session] as const;
}

test('both sides read each other’s parameters, and then take each other’s packets and reasons', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (offer, answer) => {
      const [here, there] = opened(offer, answer);
      const packet = new Uint8Array(60);
      here.check.write(packet, packet.length, 3);
      expect(there.check.verify(packet, 3)).toBe('ok');
      expect(here.check.verify(packet, 3)).toBe('forged');
      const reason = here.closeSeal.seal(2, offer);
      expect(Buffer.from(offer).equals(there.closeSeal.open(2, reason)!)).toBe(true);
      expect(there.closeSeal.open(3, reason)).toBeUndefined();
      expect(here.closeSeal.open(2, reason)).toBeUndefined();
    }),
    { numRuns: 20 },
  );
});

test('two openings under one introduction have nothing in common', () => {
  const [first] = opened(HEADER, HEADER);
  const [, second] = opened(HEADER, HEADER);
  const packet = new Uint8Array(60);
  first.check.write(packet, packet.length, 0);
  expect(second.check.verify(packet, 0)).toBe('forged');
});

test('whoever gave a ticket learns its opener’s static key from the handshake', () => {
  const ticket = sealedIntroduction({
    keyId: '0011223344556677',
    secret: new Uint8Array(32).fill(5),
    ownKey: other,
    peerKey: undefined,
  });
  const opener = introduction(true).createOpener(HEADER);
  const responder = ticket.createResponder(HEADER);
  expect(responder.readOpen(opener.writeOpen(HEADER))).toEqual(Buffer.from(HEADER));
  opener.readOpenAck(responder.writeOpenAck(HEADER));
  expect(Buffer.compare(peerKeyOf(responder.session)!, one.publicKey)).toBe(0);
  expect(peerKeyOf(opener.session)).toEqual(other.publicKey);
  expect(peerKeyOf(plainSession)).toBeUndefined();
});

test('OPEN’s header is part of what is agreed', () => {
  const opener = introduction(true).createOpener(HEADER);
  const responder = introduction(false).createResponder(Uint8Array.from(HEADER).fill(1, 1, 2));
  expect(responder.readOpen(opener.writeOpen(HEADER))).toBeUndefined();
});

test('a second OPEN_ACK is refused, the first one again too', () => {
  const opener = introduction(true).createOpener(HEADER);
  const responder = introduction(false).createResponder(HEADER);
  responder.readOpen(opener.writeOpen(HEADER));
  const message = responder.writeOpenAck(HEADER);
  opener.readOpenAck(message);
  expect(opener.readOpenAck(message)).toBeUndefined();
});

test('a second reason is never sealed', () => {
  const [here] = opened(HEADER, HEADER);
  here.closeSeal.seal(1, HEADER);
  expect(() => here.closeSeal.seal(1, HEADER)).toThrow('one reason');
});

test('random bytes are never a message, an answer or a reason, and never thrown at', () => {
  const [session] = opened(HEADER, HEADER);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(0xffff), (noise, code) => {
      expect(introduction(false).createResponder(HEADER).readOpen(noise)).toBeUndefined();
      const opener = introduction(true).createOpener(HEADER);
      opener.writeOpen(HEADER);
      expect(opener.readOpenAck(noise)).toBeUndefined();
      expect(session.closeSeal.open(code, noise)).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});

test('only a session with keys seals records', () => {
  const [here, there] = opened(HEADER, HEADER);
  expect(recordsOf(plainSession)).toBe(plainRecords);
  const sealed: Uint8Array[] = [];
  recordsOf(here).seal(Uint8Array.of(0, 0, 0, 18, 7), Uint8Array.of(9), (chunk) => {
    sealed.push(chunk);
  });
  expect(recordsOf(there).open(Buffer.concat(sealed))).toEqual(Buffer.from([7, 9]));
});
