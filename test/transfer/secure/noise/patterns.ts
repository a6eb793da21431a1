import { IKpsk2, type NoisePattern } from '../../../../src/transfer/secure/noise/pattern.ts';

/** Patterns of the specification (§7.5, §9.4) that together use every token in every place. */
export const patterns: readonly NoisePattern[] = [
  pattern('NN', 'e | e,ee'),
  pattern('NNpsk0', 'psk,e | e,ee'),
  pattern('XX', 'e | e,ee,s,es | s,se'),
  pattern('XXpsk3', 'e | e,ee,s,es | s,se,psk'),
  { ...pattern('KK', 'e,es,ss | e,ee,se'), isInitiatorKnown: true, isResponderKnown: true },
  {
    ...pattern('KKpsk2', 'e,es,ss | e,ee,se,psk'),
    isInitiatorKnown: true,
    isResponderKnown: true,
  },
  { ...pattern('IK', 'e,es,s,ss | e,ee,se'), isResponderKnown: true },
  { ...pattern('IKpsk1', 'e,es,s,ss,psk | e,ee,se'), isResponderKnown: true },
  IKpsk2,
];

function pattern(name: string, messages: string): NoisePattern {
  return {
    name,
    isInitiatorKnown: false,
    isResponderKnown: false,
    messages: messages
      .split(' | ')
      .map((tokens) => tokens.split(',') as NoisePattern['messages'][number]),
  };
}
