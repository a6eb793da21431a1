import { safeLine, type SafeText, safeText } from '../../text/safe-text.ts';
import type { MessageView, UserView } from './protocol.ts';

/** A line of userlog.txt: `1; 25 Apr 2021 05:26:30; jess; 197.83.62.1; 9999`, numbered from 1. */
export function userLogLine(number: number, view: UserView): string {
  return `${number}; ${view.since}; ${view.user}; ${view.address}; ${view.udpPort}\n`;
}

/** A line of messagelog.txt: `1; 25 Apr 2021 05:33:41; jess; i want to leave; no`. One line always. */
export function messageLogLine(view: MessageView): string {
  const edited = view.edited ? 'yes' : 'no';
  return `${view.number}; ${view.time}; ${view.user}; ${safeText(view.text)}; ${edited}\n`;
}

/** What happened, to whom, from where: a line of the server's own log. */
export interface LogEntry {
  readonly event: string;
  /** As somebody typed it: not safe to print. Absent while nobody has logged in. */
  readonly user?: string | undefined;
  /** Absent when it is about no connection. */
  readonly address?: string | undefined;
}

const MAX_LOGGED_NAME_CHARACTERS = 64;

/** `25 Apr 2021 05:26:30; logged in; jess; 127.0.0.1`, without a newline, safe to print. */
export function serverLogLine(time: string, entry: LogEntry): SafeText {
  const user = (entry.user ?? '-').slice(0, MAX_LOGGED_NAME_CHARACTERS);
  return safeLine`${time}; ${entry.event}; ${user}; ${entry.address ?? '-'}`;
}
