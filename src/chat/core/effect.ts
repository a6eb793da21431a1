import type { LogEntry } from './log-lines.ts';
import type { ServerFrame } from './protocol.ts';
import type { StoredPassword } from './stored-password.ts';

/** What a password is shown for. */
export type PasswordPurpose =
  | { readonly do: 'log-in'; readonly udpPort: number }
  | { readonly do: 'change-password'; readonly newPassword: string };

/** Who asks, and for which user. */
export interface RequestOrigin {
  readonly connection: number;
  readonly request: number;
  /** As somebody typed it. */
  readonly user: string;
  readonly address: string;
}

/** One password to check. It outlives its connection: a wrong one counts in any case. */
export interface PasswordAttempt extends RequestOrigin {
  readonly password: string;
  readonly purpose: PasswordPurpose;
}

/** `busy`: too many passwords wait to be checked. `upgraded`: the hash that replaced a plain one. */
export type PasswordOutcome =
  | { readonly verdict: 'right'; readonly upgraded?: StoredPassword }
  | { readonly verdict: 'wrong' | 'busy' };

/** A new password, of a user who exists or of one who is to be made. */
export interface PasswordChange extends RequestOrigin {
  readonly newPassword: string;
  /** What stands in the file; undefined for a new user. */
  readonly stored: StoredPassword | undefined;
  /** Of a new user, who is logged in at once. */
  readonly udpPort?: number;
}

/** The file holds the new password, or is as it was. */
export type ChangeOutcome =
  | { readonly verdict: 'saved'; readonly stored: StoredPassword }
  | { readonly verdict: 'refused'; readonly reason: 'busy' | 'name-taken' | 'not-saved' };

/**
 * What the world is to do, in this order. Connections are named by the number they were given.
 * Frames of one batch leave only after the files that it changed hold the new state.
 */
export type Effect =
  | { readonly do: 'save-users' }
  /** `added`: a line to append; without it every line may have changed. */
  | { readonly do: 'save-messages'; readonly added?: string }
  | { readonly do: 'send'; readonly to: number; readonly frame: ServerFrame }
  /** Frames that are made as fast as the connection takes them. */
  | { readonly do: 'send-pages'; readonly to: number; readonly pages: Iterator<ServerFrame> }
  /** As `send`, but at once: a heartbeat does not wait for the disk. */
  | { readonly do: 'ping'; readonly to: number }
  /** The request is answered: the next frame of this connection may come. */
  | { readonly do: 'resume'; readonly connection: number }
  /** Ends the connection once what was sent to it has left. */
  | { readonly do: 'close'; readonly connection: number }
  /** To be answered by `handlePasswordChecked` after at least `delayMs`. */
  | {
      readonly do: 'check-password';
      readonly attempt: PasswordAttempt;
      /** Undefined for a user who does not exist, which takes as long. */
      readonly stored: StoredPassword | undefined;
      readonly delayMs: number;
    }
  /** To be answered by `handlePasswordSaved`. */
  | { readonly do: 'save-password'; readonly change: PasswordChange }
  | { readonly do: 'log'; readonly entry: LogEntry };
