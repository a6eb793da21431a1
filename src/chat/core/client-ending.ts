import { safeLine, type SafeText } from '../../text/safe-text.ts';

/** PRODUCT's exit codes, as far as the chat client has them. */
export const clientExitCodes = {
  ok: 0,
  internal: 1,
  localFile: 3,
  login: 5,
  unreachable: 6,
  interrupted: 130,
  terminated: 143,
} as const;

/** A signal. */
export interface Stopping {
  readonly why: 'interrupted' | 'terminated';
}

/** Why a session ends before OUT. */
export type Ending =
  /** A second login of the same user. */
  | { readonly why: 'replaced' }
  /** `line` says what happened to the server. */
  | { readonly why: 'lost'; readonly line: SafeText }
  | Stopping;

/** `reason` is a clause without its full stop. */
export function lostEnding(reason: string): Ending {
  return { why: 'lost', line: safeLine`The connection to the server was lost: ${reason}.` };
}

export const outOfOrder: Ending = lostEnding('it answers out of order');

export function exitCodeOf(ending: Ending): number {
  switch (ending.why) {
    case 'replaced':
      return clientExitCodes.login;
    case 'lost':
      return clientExitCodes.unreachable;
    case 'interrupted':
      return clientExitCodes.interrupted;
    case 'terminated':
      return clientExitCodes.terminated;
  }
}
