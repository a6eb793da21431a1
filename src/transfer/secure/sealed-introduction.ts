import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { OpenerHandshake, ResponderHandshake, TransportIntroduction } from '../core/index.ts';
import { KEY_ID_BYTES, openingKeys, sessionKeys } from './key-schedule.ts';
import { NoiseHandshake } from './noise/noise-handshake.ts';
import { IKpsk2 } from './noise/pattern.ts';
import { X25519KeyPair } from './noise/x25519.ts';
import { SealedSession } from './sealed-session.ts';
import { taggedCheck } from './tagged-check.ts';

const PROLOGUE = Buffer.from('updraft 1');
/** An introduction's secret. */
export const SECRET_BYTES = 32;
/** Of SHA-256 in base64: 132 bits, so that nobody finds two messages with one hash. */
const OPEN_HASH_DIGITS = 22;

export interface SealedIntroductionOptions {
  /** 16 hex digits. */
  readonly keyId: string;
  /** 32 bytes, of this introduction alone. */
  readonly secret: Uint8Array;
  /** The static keys of this side and of the other one. */
  readonly ownKey: X25519KeyPair;
  /** Undefined where anybody may open who has the secret: the handshake tells whose key it was. */
  readonly peerKey: Uint8Array | undefined;
  /** Of each handshake; default from the system's randomness. */
  readonly drawEphemeral?: () => X25519KeyPair;
}

/**
 * An introduction with keys: OPEN and OPEN_ACK are tagged under its secret, so a stranger costs one
 * hash; their messages are those of `Noise_IKpsk2_25519_AESGCM_SHA256`, whose prologue is OPEN's header
 * and key id. Both sides know each other's static key, and a connection comes about with its owner only;
 * the receiver of a ticket learns its opener's from the handshake.
 */
export function sealedIntroduction(options: SealedIntroductionOptions): TransportIntroduction {
  const { keyId, secret } = options;
  assert(secret.length === SECRET_BYTES, 'the secret of an introduction is 32 bytes');
  const keyIdBytes = Buffer.from(keyId, 'hex');
  assert(keyIdBytes.length === KEY_ID_BYTES, 'a key id is 16 hex digits');
  const { psk, openTag, openAckTag } = openingKeys(secret, keyIdBytes);
  const handshake = (isInitiator: boolean, openHeader: Uint8Array): NoiseHandshake =>
    new NoiseHandshake({
      pattern: IKpsk2,
      isInitiator,
      prologue: Buffer.concat([PROLOGUE, openHeader, keyIdBytes]),
      staticKey: options.ownKey,
      remoteStaticKey: options.peerKey,
      psk,
      drawEphemeral: options.drawEphemeral ?? (() => X25519KeyPair.generate()),
    });
  return {
    keyId,
    openerCheck: taggedCheck({ own: openTag, peer: openAckTag }),
    responderCheck: taggedCheck({ own: openAckTag, peer: openTag }),
    createOpener: (openHeader) => new SealedHandshake(handshake(true, openHeader)),
    createResponder: (openHeader) => new SealedHandshake(handshake(false, openHeader)),
    hashOpen: (message) =>
      createHash('sha256').update(message).digest('base64').slice(0, OPEN_HASH_DIGITS),
  };
}

/** Either side of a handshake. */
class SealedHandshake implements OpenerHandshake, ResponderHandshake {
  readonly #noise: NoiseHandshake;
  #session: SealedSession | undefined;

  constructor(noise: NoiseHandshake) {
    this.#noise = noise;
  }

  get session(): SealedSession {
    assert(this.#noise.isComplete, 'a session begins when the handshake is complete');
    this.#session ??= new SealedSession(
      sessionKeys(this.#noise.split(), this.#noise.handshakeHash),
      this.#noise.remoteStaticKey!,
    );
    return this.#session;
  }

  writeOpen(parameters: Uint8Array): Uint8Array {
    return this.#noise.writeMessage(parameters);
  }

  readOpen(message: Uint8Array): Uint8Array | undefined {
    return this.#noise.readMessage(message);
  }

  writeOpenAck(parameters: Uint8Array): Uint8Array {
    return this.#noise.writeMessage(parameters);
  }

  readOpenAck(message: Uint8Array): Uint8Array | undefined {
    // The same OPEN_ACK may come again where what it said was of no use.
    return this.#noise.isComplete ? undefined : this.#noise.readMessage(message);
  }
}
