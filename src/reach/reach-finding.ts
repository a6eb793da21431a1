import { safeLine, type SafeText } from '../text/safe-text.ts';

/** What is most likely in the way, for scripts; more may come. */
export type ReachCause =
  | 'nothing-arrives' // there, of what was sent
  | 'no-answer-arrives' // here, though the other side answers
  | 'unanswered' // the datagrams arrive, and nobody answers them
  | 'silent' // and nobody can say what arrived there
  | 'mtu' // only small datagrams arrive
  | 'own-firewall' // does not let them out
  | 'refused' // by the machine, or a firewall that says so
  | 'no-way' // to such an address
  | 'no-host' // with that address
  | 'loopback-address' // which leads to no other machine
  | 'private-address'; // of another network

/** Why datagrams do not arrive, as likely as can be told, and what opens the way. */
export interface ReachFinding {
  readonly cause: ReachCause;
  /** What was seen, and what that most likely means. */
  readonly text: SafeText;
  /** What to do, a command or a step each. */
  readonly steps: readonly SafeText[];
}

/** As a person reads it: a line, and one for each step. */
export function reachLines({ text, steps }: ReachFinding): SafeText[] {
  return [text, ...steps.map((step) => safeLine`  → ${step}`)];
}
