import { expect, test } from 'vitest';
import type { Introduction } from '../../../../src/transfer/files/transfer.ts';
import { transportIntroduction } from '../../../../src/transfer/io/ticket/introductions.ts';
import { X25519KeyPair } from '../../../../src/transfer/secure/noise/x25519.ts';

const own = X25519KeyPair.generate();
const peer = X25519KeyPair.generate();
const introduction: Introduction = {
  keyId: '0123456789abcdef',
  secret: '0f'.repeat(32),
  peerKey: Buffer.from(peer.publicKey).toString('hex'),
};

test('an introduction of hex digits opens connections under its key id', () => {
  expect(transportIntroduction(introduction, own)?.keyId).toBe('0123456789abcdef');
});

test.each<[string, Partial<Introduction>]>([
  ['a short key id', { keyId: '0123456789abcde' }],
  ['a key id of other letters', { keyId: '0123456789abcdeg' }],
  ['a secret in capitals', { secret: '0F'.repeat(32) }],
  ['a long secret', { secret: '0f'.repeat(33) }],
  ['no peer', { peerKey: '' }],
  ['a peer whose secrets everybody knows', { peerKey: '00'.repeat(32) }],
  ['a peer of low order', { peerKey: `01${'00'.repeat(31)}` }],
])('an introduction with %s is none', (_, wrong) => {
  expect(transportIntroduction({ ...introduction, ...wrong }, own)).toBeUndefined();
});
