import type { LogEntry } from './log-lines.ts';
import type { ServerFrame } from './protocol.ts';
import type { StoredPassword } from './stored-password.ts';

/** One attempt to log in. It outlives its connection: a wrong password counts in any case. */
export interface LoginAttempt {
  readonly connection: number;
  readonly request: number;
  readonly user: string;
  readonly password: string;
  readonly udpPort: number;
  readonly address: string;
}

/** `busy`: too many passwords wait to be checked. `upgraded`: the hash that replaced a plain one. */
export type PasswordOutcome =
  | { readonly verdict: 'right'; readonly upgraded?: StoredPassword }
  | { readonly verdict: 'wrong' | 'busy' };

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
      readonly attempt: LoginAttempt;
      readonly stored: StoredPassword;
      readonly delayMs: number;
    }
  | { readonly do: 'log'; readonly entry: LogEntry };
