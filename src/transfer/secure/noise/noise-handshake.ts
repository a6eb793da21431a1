import assert from 'node:assert/strict';
import type { NoisePattern, NoiseToken } from './pattern.ts';
import { SymmetricState } from './symmetric-state.ts';
import { X25519_BYTES, type X25519KeyPair } from './x25519.ts';

/** Longest message of any handshake (Noise §3). */
export const MAX_NOISE_MESSAGE_BYTES = 65_535;
export const PSK_BYTES = 32;

export interface NoiseOptions {
  readonly pattern: NoisePattern;
  readonly isInitiator: boolean;
  /** What both sides must already agree on. */
  readonly prologue: Uint8Array;
  /** For patterns with `s` of this side. */
  readonly staticKey?: X25519KeyPair;
  /**
   * The other side's static public key. Where the pattern sends it, a message with any other one
   * does not open.
   */
  readonly remoteStaticKey?: Uint8Array | undefined;
  /** For patterns with `psk`: 32 bytes. */
  readonly psk?: Uint8Array;
  /** A fresh key pair at each call. */
  readonly drawEphemeral: () => X25519KeyPair;
}

/** The keys that the sides send and receive under after a handshake: 32 bytes each. */
export interface SplitKeys {
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
}

/** What a message changes; replaced as a whole when one has been read. */
interface Progress {
  readonly symmetric: SymmetricState;
  remoteStatic: Uint8Array | undefined;
  remoteEphemeral: Uint8Array | undefined;
}

/**
 * One side of a handshake of the Noise Protocol Framework (revision 34, §5.3), with X25519,
 * AES-256-GCM and SHA-256: runs the tokens of its pattern, a message at a time.
 *
 * A message that does not open leaves it as it was, so that nobody can spoil a handshake by sending
 * something else first.
 */
export class NoiseHandshake {
  readonly #options: NoiseOptions;
  readonly #isPsk: boolean;
  #progress: Progress;
  #ephemeral: X25519KeyPair | undefined;
  #messageCount = 0;

  constructor(options: NoiseOptions) {
    const { pattern, isInitiator, psk, staticKey, remoteStaticKey } = options;
    this.#options = options;
    this.#isPsk = pattern.messages.some((tokens) => tokens.includes('psk'));
    assert(this.#isPsk === (psk !== undefined), 'a psk is given where the pattern has one');
    assert(psk === undefined || psk.length === PSK_BYTES, 'a psk is 32 bytes');
    const symmetric = new SymmetricState(`Noise_${pattern.name}_25519_AESGCM_SHA256`);
    symmetric.mixHash(options.prologue);
    const initiatorKey = isInitiator ? staticKey?.publicKey : remoteStaticKey;
    const responderKey = isInitiator ? remoteStaticKey : staticKey?.publicKey;
    if (pattern.isInitiatorKnown) symmetric.mixHash(known(initiatorKey));
    if (pattern.isResponderKnown) symmetric.mixHash(known(responderKey));
    const isRemoteKnown = isInitiator ? pattern.isResponderKnown : pattern.isInitiatorKnown;
    this.#progress = {
      symmetric,
      remoteStatic: isRemoteKnown ? remoteStaticKey : undefined,
      remoteEphemeral: undefined,
    };
  }

  get isComplete(): boolean {
    return this.#messageCount === this.#options.pattern.messages.length;
  }

  /** Of all that was said; the same on both sides once complete. */
  get handshakeHash(): Uint8Array {
    return this.#progress.symmetric.hash;
  }

  /** Of the other side: given, or learned from a message that opened. */
  get remoteStaticKey(): Uint8Array | undefined {
    return this.#progress.remoteStatic;
  }

  /** The next message, with `payload` at its end; sealed as far as there are keys. */
  writeMessage(payload: Uint8Array): Uint8Array {
    assert(this.#isMyTurn, 'a side writes when it is its turn');
    const { symmetric } = this.#progress;
    const parts: Uint8Array[] = [];
    for (const token of this.#tokens) {
      if (token === 'e') {
        this.#ephemeral = this.#options.drawEphemeral();
        parts.push(this.#ephemeral.publicKey);
        symmetric.mixHash(this.#ephemeral.publicKey);
        if (this.#isPsk) symmetric.mixKey(this.#ephemeral.publicKey);
      } else if (token === 's') {
        parts.push(symmetric.encryptAndHash(this.#staticKey.publicKey));
      } else {
        assert(this.#mix(token, this.#progress), 'the keys written to are of full order');
      }
    }
    parts.push(symmetric.encryptAndHash(payload));
    this.#messageCount++;
    const message = Buffer.concat(parts);
    assert(message.length <= MAX_NOISE_MESSAGE_BYTES, 'a message keeps within its limit');
    return message;
  }

  /** The payload of the next message; undefined, and nothing has changed, when it does not open. */
  readMessage(message: Uint8Array): Uint8Array | undefined {
    assert(!this.#isMyTurn && !this.isComplete, 'a side reads when it is the other one’s turn');
    if (message.length > MAX_NOISE_MESSAGE_BYTES) return undefined;
    const progress: Progress = { ...this.#progress, symmetric: this.#progress.symmetric.copy() };
    let at = 0;
    for (const token of this.#tokens) {
      if (token !== 'e' && token !== 's') {
        if (!this.#mix(token, progress)) return undefined;
        continue;
      }
      const overheadBytes = token === 's' ? progress.symmetric.overheadBytes : 0;
      const end = at + X25519_BYTES + overheadBytes;
      if (message.length < end) return undefined;
      const field = new Uint8Array(message.subarray(at, end));
      at = end;
      if (token === 'e') this.#takeEphemeral(field, progress);
      else if (!this.#takeStatic(field, progress)) return undefined;
    }
    const payload = progress.symmetric.decryptAndHash(message.subarray(at));
    if (payload === undefined) return undefined;
    this.#progress = progress;
    this.#messageCount++;
    return payload;
  }

  /** The keys for what comes after; once complete. */
  split(): SplitKeys {
    assert(this.isComplete, 'a handshake gives its keys when it is complete');
    const [initiator, responder] = this.#progress.symmetric.split();
    return this.#options.isInitiator
      ? { send: initiator, receive: responder }
      : { send: responder, receive: initiator };
  }

  get #tokens(): readonly NoiseToken[] {
    return this.#options.pattern.messages[this.#messageCount]!;
  }

  get #isMyTurn(): boolean {
    return !this.isComplete && (this.#messageCount % 2 === 0) === this.#options.isInitiator;
  }

  get #staticKey(): X25519KeyPair {
    const { staticKey } = this.#options;
    assert(staticKey !== undefined, 'a static key is given where the pattern has one');
    return staticKey;
  }

  #takeEphemeral(publicKey: Uint8Array, progress: Progress): void {
    progress.remoteEphemeral = publicKey;
    progress.symmetric.mixHash(publicKey);
    if (this.#isPsk) progress.symmetric.mixKey(publicKey);
  }

  #takeStatic(sealed: Uint8Array, progress: Progress): boolean {
    const publicKey = progress.symmetric.decryptAndHash(sealed);
    const expected = this.#options.remoteStaticKey;
    if (publicKey === undefined) return false;
    if (expected !== undefined && Buffer.compare(expected, publicKey) !== 0) return false;
    progress.remoteStatic = publicKey;
    return true;
  }

  /** False when the other side's key has no secret with ours. */
  #mix(token: Exclude<NoiseToken, 'e' | 's'>, progress: Progress): boolean {
    if (token === 'psk') {
      progress.symmetric.mixKeyAndHash(this.#options.psk!);
      return true;
    }
    // The first letter is the initiator's key, the second the responder's.
    const [mine, theirs] = this.#options.isInitiator ? token : [token[1], token[0]];
    const own = mine === 'e' ? this.#ephemeral : this.#staticKey;
    const remote = theirs === 'e' ? progress.remoteEphemeral : progress.remoteStatic;
    assert(own !== undefined && remote !== undefined, 'a pattern uses keys that were exchanged');
    const secret = own.sharedSecret(remote);
    if (secret === undefined) return false;
    progress.symmetric.mixKey(secret);
    return true;
  }
}

function known(key: Uint8Array | undefined): Uint8Array {
  assert(key?.length === X25519_BYTES, 'a pattern’s known static key is given');
  return key;
}
