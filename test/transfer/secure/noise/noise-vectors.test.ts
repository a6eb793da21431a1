import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sealGcm } from '../../../../src/transfer/secure/noise/aes-gcm.ts';
import { NoiseHandshake } from '../../../../src/transfer/secure/noise/noise-handshake.ts';
import { X25519KeyPair } from '../../../../src/transfer/secure/noise/x25519.ts';
import { patterns } from './patterns.ts';

interface Vector {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_psks?: readonly string[];
  readonly init_static?: string;
  readonly init_ephemeral: string;
  readonly init_remote_static?: string;
  readonly resp_prologue: string;
  readonly resp_psks?: readonly string[];
  readonly resp_static?: string;
  readonly resp_ephemeral: string;
  readonly resp_remote_static?: string;
  readonly handshake_hash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

const file = new URL('noise-vectors.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly vectors: readonly Vector[];
};

test.each(vectors)('$protocol_name says and ends as its published vector does', (vector) => {
  const initiator = side(vector, true);
  const responder = side(vector, false);
  const [writes, reads] = [[initiator, responder] as const, [responder, initiator] as const];
  for (const [index, { payload, ciphertext }] of vector.messages.entries()) {
    const [writer, reader] = index % 2 === 0 ? writes : reads;
    if (initiator.isComplete) {
      const counter = (index - messageCount(vector)) >> 1;
      const sealed = sealGcm(writer.split().send, counter, new Uint8Array(0), bytes(payload));
      expect(hex(sealed), `message ${index}`).toBe(ciphertext);
      continue;
    }
    const message = writer.writeMessage(bytes(payload));
    expect(hex(message), `message ${index}`).toBe(ciphertext);
    expect(hex(reader.readMessage(message)!), `message ${index}`).toBe(payload);
  }
  expect(hex(initiator.handshakeHash)).toBe(vector.handshake_hash);
  expect(hex(responder.handshakeHash)).toBe(vector.handshake_hash);
  expect(initiator.split().receive).toEqual(responder.split().send);
  expect(initiator.split().send).toEqual(responder.split().receive);
});

function side(vector: Vector, isInitiator: boolean): NoiseHandshake {
  const [prologue, psks, staticKey, ephemeral, remote] = isInitiator
    ? ([
        vector.init_prologue,
        vector.init_psks,
        vector.init_static,
        vector.init_ephemeral,
        vector.init_remote_static,
      ] as const)
    : ([
        vector.resp_prologue,
        vector.resp_psks,
        vector.resp_static,
        vector.resp_ephemeral,
        vector.resp_remote_static,
      ] as const);
  return new NoiseHandshake({
    pattern: patternOf(vector),
    isInitiator,
    prologue: bytes(prologue),
    ...(staticKey === undefined ? {} : { staticKey: X25519KeyPair.fromPrivate(bytes(staticKey)) }),
    ...(remote === undefined ? {} : { remoteStaticKey: bytes(remote) }),
    ...(psks?.[0] === undefined ? {} : { psk: bytes(psks[0]) }),
    drawEphemeral: () => X25519KeyPair.fromPrivate(bytes(ephemeral)),
  });
}

function patternOf(vector: Vector): (typeof patterns)[number] {
  return patterns.find(({ name }) => name === vector.protocol_name.split('_')[1])!;
}

function messageCount(vector: Vector): number {
  return patternOf(vector).messages.length;
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}

function hex(array: Uint8Array): string {
  return Buffer.from(array).toString('hex');
}
