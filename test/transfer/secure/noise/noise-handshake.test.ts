import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NoiseHandshake } from '../../../../src/transfer/secure/noise/noise-handshake.ts';
import { IKpsk2, type NoisePattern } from '../../../../src/transfer/secure/noise/pattern.ts';
import { X25519KeyPair } from '../../../../src/transfer/secure/noise/x25519.ts';
import { patterns } from './patterns.ts';

/** A key pair that is the same in every run. */
function keyOf(seed: number): X25519KeyPair {
  return X25519KeyPair.fromPrivate(new Uint8Array(32).fill(seed));
}

interface Changes {
  readonly prologue?: Uint8Array;
  readonly psk?: Uint8Array;
  readonly remoteStaticKey?: Uint8Array;
  readonly staticKey?: X25519KeyPair;
}

const PROLOGUE = Uint8Array.of(1, 2, 3);
const PSK = new Uint8Array(32).fill(9);

function side(isInitiator: boolean, changes: Changes = {}, pattern = IKpsk2): NoiseHandshake {
  const isPsk = pattern.messages.some((tokens) => tokens.includes('psk'));
  return new NoiseHandshake({
    pattern,
    isInitiator,
    prologue: PROLOGUE,
    staticKey: keyOf(isInitiator ? 1 : 2),
    remoteStaticKey: keyOf(isInitiator ? 2 : 1).publicKey,
    ...(isPsk ? { psk: PSK } : {}),
    drawEphemeral: () => keyOf(isInitiator ? 3 : 4),
    ...changes,
  });
}

const payload = Uint8Array.from({ length: 50 }, (_, index) => index);

test('a message that does not open leaves the handshake as it was', () => {
  const spoiled = fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) });
  fc.assert(
    fc.property(spoiled, fc.uint8Array(), fc.nat(), (change, noise, cut) => {
      const [initiator, responder] = [side(true), side(false)];
      for (const [writer, reader] of [
        [initiator, responder],
        [responder, initiator],
      ] as const) {
        const message = writer.writeMessage(payload);
        const altered = Uint8Array.from(message);
        altered[change.at % message.length]! ^= change.by;
        expect(reader.readMessage(altered)).toBeUndefined();
        expect(reader.readMessage(noise)).toBeUndefined();
        expect(reader.readMessage(message.subarray(0, cut % message.length))).toBeUndefined();
        expect(reader.readMessage(message)).toEqual(Buffer.from(payload));
      }
      expect(initiator.handshakeHash).toEqual(responder.handshakeHash);
    }),
    { numRuns: 40 },
  );
});

test.each<[string, Changes]>([
  ['another prologue', { prologue: Uint8Array.of(1, 2, 4) }],
  ['another static key of its own', { staticKey: keyOf(7) }],
])('a responder with %s opens nothing', (_, changes) => {
  expect(side(false, changes).readMessage(side(true).writeMessage(payload))).toBeUndefined();
});

test('a responder that awaits another initiator opens nothing of this one', () => {
  const responder = side(false, { remoteStaticKey: keyOf(7).publicKey });
  expect(responder.readMessage(side(true).writeMessage(payload))).toBeUndefined();
  expect(responder.readMessage(side(true, { staticKey: keyOf(7) }).writeMessage(payload))).toEqual(
    Buffer.from(payload),
  );
});

test('an initiator opens no answer made with another psk', () => {
  const [initiator, responder] = [side(true), side(false, { psk: new Uint8Array(32) })];
  responder.readMessage(initiator.writeMessage(payload));
  expect(initiator.readMessage(responder.writeMessage(payload))).toBeUndefined();
});

test('nothing of a payload or a static key stands in the clear in IKpsk2', () => {
  const [initiator, responder] = [side(true), side(false)];
  const first = initiator.writeMessage(payload);
  responder.readMessage(first);
  const messages = Buffer.concat([first, responder.writeMessage(payload)]);
  for (const secret of [payload, keyOf(1).publicKey, keyOf(2).publicKey]) {
    expect(messages.includes(Buffer.from(secret.subarray(0, 8)))).toBe(false);
  }
});

/** Points of order 1, 2, 4 and 8 (D. J. Bernstein, https://cr.yp.to/ecdh.html, “validate”). */
const lowOrderPoints = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

test.each(lowOrderPoints)(
  'an ephemeral key whose secret everybody knows is refused: %s',
  (point) => {
    const message = Buffer.from(side(true).writeMessage(payload));
    message.write(point, 0, 'hex');
    expect(side(false).readMessage(message)).toBeUndefined();
  },
);

test.each(patterns.map((pattern): [string, NoisePattern] => [pattern.name, pattern]))(
  '%s ends with the same keys on both sides, whatever the payloads',
  (_, pattern) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { minLength: 3, maxLength: 3 }), (payloads) => {
        const [initiator, responder] = [side(true, {}, pattern), side(false, {}, pattern)];
        for (const [index] of pattern.messages.entries()) {
          const [writer, reader] =
            index % 2 === 0 ? [initiator, responder] : [responder, initiator];
          const read = reader.readMessage(writer.writeMessage(payloads[index]!));
          expect(Buffer.from(payloads[index]!).equals(read!)).toBe(true);
        }
        expect(initiator.split()).toEqual({
          send: responder.split().receive,
          receive: responder.split().send,
        });
      }),
      { numRuns: 5 },
    );
  },
);

test('a message may be overwritten once it was read', () => {
  const [initiator, responder] = [side(true), side(false)];
  const message = initiator.writeMessage(payload);
  responder.readMessage(message);
  message.fill(0);
  expect(initiator.readMessage(responder.writeMessage(payload))).toEqual(Buffer.from(payload));
});

test('a message over 65,535 bytes is refused unread', () => {
  expect(side(false).readMessage(new Uint8Array(65_536))).toBeUndefined();
});
