import type { TransportIntroduction } from '../../core/index.ts';
import type { Introduction } from '../../files/transfer.ts';
import { isUsablePublicKey, type X25519KeyPair } from '../../secure/noise/x25519.ts';
import { sealedIntroduction } from '../../secure/sealed-introduction.ts';

/**
 * How connections under this introduction open and are sealed. Undefined when it is not one: its fields
 * are not the hex digits that they should be, or everybody knows the secrets of its public key.
 */
export function transportIntroduction(
  { keyId, secret, peerKey }: Introduction,
  ownKey: X25519KeyPair,
): TransportIntroduction | undefined {
  if (!isHex(keyId, 16) || !isHex(secret, 64) || !isHex(peerKey, 64)) return undefined;
  const peerKeyBytes = Buffer.from(peerKey, 'hex');
  if (!isUsablePublicKey(peerKeyBytes)) return undefined;
  const secretBytes = Buffer.from(secret, 'hex');
  return sealedIntroduction({ keyId, secret: secretBytes, ownKey, peerKey: peerKeyBytes });
}

/** The same where anybody may open who has the secret of a ticket. */
export function ticketExpectation(
  { keyId, secret }: Introduction,
  ownKey: X25519KeyPair,
): TransportIntroduction {
  const secretBytes = Buffer.from(secret, 'hex');
  return sealedIntroduction({ keyId, secret: secretBytes, ownKey, peerKey: undefined });
}

function isHex(text: string, digitCount: number): boolean {
  return text.length === digitCount && /^[0-9a-f]*$/.test(text);
}
