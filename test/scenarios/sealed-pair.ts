import { createHash } from 'node:crypto';
import { X25519KeyPair } from '../../src/transfer/secure/noise/x25519.ts';
import {
  sealedIntroduction,
  type SealedIntroductionOptions,
} from '../../src/transfer/secure/sealed-introduction.ts';
import { TAG_BYTES } from '../../src/transfer/secure/tag/tag-hash.ts';
import { Pair, type PairOptions } from '../sim/pair.ts';
import type { SidesIntroduced } from '../sim/workload.ts';

/** 32 bytes that follow from what they are for. */
function drawn(purpose: string): Uint8Array {
  return createHash('sha256').update(purpose).digest();
}

export function keyPairOf(name: string): X25519KeyPair {
  return X25519KeyPair.fromPrivate(drawn(`static ${name}`));
}

/** What each side is given of an introduction, its randomness included; the same in every run. */
export function introduceSealed(
  keyId: string,
  openerChanges: Partial<SealedIntroductionOptions> = {},
  responderChanges: Partial<SealedIntroductionOptions> = {},
): SidesIntroduced {
  const secret = drawn(`secret ${keyId}`);
  const [opener, responder] = [keyPairOf('opener'), keyPairOf('responder')];
  const draw = (side: string): (() => X25519KeyPair) => {
    let count = 0;
    return () => X25519KeyPair.fromPrivate(drawn(`ephemeral ${side} ${keyId} ${count++}`));
  };
  return {
    opener: sealedIntroduction({
      keyId,
      secret,
      ownKey: opener,
      peerKey: responder.publicKey,
      drawEphemeral: draw('opener'),
      ...openerChanges,
    }),
    responder: sealedIntroduction({
      keyId,
      secret,
      ownKey: responder,
      peerKey: opener.publicKey,
      drawEphemeral: draw('responder'),
      ...responderChanges,
    }),
  };
}

/** What makes a pair's connections sealed. */
export const sealedOptions: Required<Pick<PairOptions, 'introduce' | 'config'>> = {
  introduce: introduceSealed,
  config: { tagBytes: TAG_BYTES },
};

/** A pair whose connections are all sealed. */
export function sealedPair(options: PairOptions): Pair {
  return new Pair({
    ...options,
    ...sealedOptions,
    config: { ...options.config, ...sealedOptions.config },
  });
}
