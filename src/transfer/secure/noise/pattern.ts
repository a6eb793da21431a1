/** Tokens of a Noise message pattern (Noise Protocol Framework, revision 34, §5.3 and §9.1). */
export type NoiseToken = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

/** A handshake pattern of the Noise Protocol Framework (§7 and §9). */
export interface NoisePattern {
  /** As it stands in the protocol name: `IKpsk2`. */
  readonly name: string;
  /** Whether that side's static key is known to the other before the first message. */
  readonly isInitiatorKnown: boolean;
  readonly isResponderKnown: boolean;
  /** Tokens of each message; the initiator's and the responder's in turn. */
  readonly messages: readonly (readonly NoiseToken[])[];
}

/**
 * Both sides know the shared secret; the initiator knows the responder's static key, and sends its
 * own sealed to it. One message each way.
 */
export const IKpsk2: NoisePattern = {
  name: 'IKpsk2',
  isInitiatorKnown: false,
  isResponderKnown: true,
  messages: [
    ['e', 'es', 's', 'ss'],
    ['e', 'ee', 'se', 'psk'],
  ],
};
