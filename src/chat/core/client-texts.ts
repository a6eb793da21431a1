import { safeLine, type SafeText, safeText } from '../../text/safe-text.ts';
import { type CommandName, commandShapes } from './command.ts';
import type { MessageView, Refusal, UserView } from './protocol.ts';

/** The texts of the chat client. */

/** `#1, jess: "text", posted at TIME.` */
export function messageLine(message: MessageView): SafeText {
  const verb = message.edited ? 'edited' : 'posted';
  const { number, user, text, time } = message;
  return safeLine`#${number}, ${user}: "${text}", ${verb} at ${time}.`;
}

/** `jess, 127.0.0.1, 6000, active since TIME.` */
export function userLine({ user, address, udpPort, since }: UserView): SafeText {
  return safeLine`${user}, ${address}, ${udpPort}, active since ${since}.`;
}

export const NO_OTHER_USER: SafeText = safeText('no other active user');
export const NO_NEW_MESSAGE: SafeText = safeText('no new message');
export const BLOCKED: SafeText = safeText(
  'Your account is blocked due to multiple login failures. Please try again later',
);

/** Why the server refused a login. */
export function loginRefusalText(reason: Refusal): SafeText {
  switch (reason) {
    case 'unknown-user':
      return safeText('Username does not exist');
    case 'wrong-password':
      return safeText('Invalid Password');
    case 'blocked':
      return BLOCKED;
    default:
      return safeText(refusalReasons[reason]);
  }
}

/** Why a command changed nothing: one line with the usage where that helps. */
export function refusalText(reason: Refusal, name: CommandName): SafeText {
  const text = refusalReasons[reason];
  return usageHelps.has(reason)
    ? safeLine`${text} Usage: ${commandShapes[name].usage}`
    : safeText(text);
}

/** The same as a clause behind `could not be delivered to USER: `, without its full stop. */
export function undeliveredReason(reason: Refusal): string {
  switch (reason) {
    case 'not-online':
      return 'not online; ATU lists who is';
    case 'yourself':
      return 'that is you';
    case 'busy':
      return 'too much is on its way there, try again later';
    default: {
      const sentence = refusalReasons[reason].replace(/\.$/, '');
      return `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
    }
  }
}

const usageHelps: ReadonlySet<Refusal> = new Set([
  'no-such-message',
  'wrong-time',
  'empty-text',
  'bad-time',
  'not-the-author',
  'text-too-long',
]);

const refusalReasons: Readonly<Record<Refusal, string>> = {
  'unknown-user': 'Username does not exist',
  'wrong-password': 'Invalid Password',
  blocked: BLOCKED,
  'name-taken': 'That username is taken.',
  'bad-name': 'A username has 1 to 32 of A-Z a-z 0-9 . - and does not start with . or -.',
  'bad-password': 'A password has 1 to 512 characters and no spaces or control characters.',
  'no-registration': 'This server takes no new users.',
  'not-saved': 'The server could not save that: nothing has changed.',
  'not-logged-in': 'You are not logged in.',
  'already-logged-in': 'You are logged in already.',
  'no-such-message': 'There is no message with that number.',
  'wrong-time': 'That message has another time.',
  'not-the-author': 'Only its author may change a message.',
  'empty-text': 'A message needs text.',
  'text-too-long': 'That text is too long: 4096 characters at most.',
  'bad-time': 'That is not a time.',
  'not-online': 'That user is offline or does not exist. ATU lists who is online.',
  yourself: 'That is you.',
  'too-fast': 'Too fast: wait a moment and try again.',
  busy: 'The server is busy: try again later.',
};
