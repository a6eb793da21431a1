import { safeLine, type SafeText } from '../../text/safe-text.ts';
import type { Command } from './command.ts';
import { MAX_PASSWORD_CHARACTERS } from './credentials.ts';

/** Commands that one request does. */
export type ServerCommand = Extract<Command, { type: 'MSG' | 'DLT' | 'EDT' | 'RDM' | 'ATU' }>;

/** PRODUCT §2: user names have 1 to 32 characters. */
const MAX_USER_CHARACTERS = 32;
/** In place of what is too long: no name and no password holds a blank. */
const IMPOSSIBLE_WORD = ' ';

/** Where, and by which key, others reach this client's endpoint. */
export interface Contact {
  readonly udpPort: number;
  readonly publicKey: string;
}

/** What comes before a session. */
export interface LoginRequest {
  readonly type: 'login' | 'register';
  readonly body: {
    readonly user: string;
    readonly password: string;
    readonly compares: true;
  } & Contact;
}

/** A login that fits its frame whatever was typed, so that it gets an answer. */
export function loginOf(user: string, password: string, contact: Contact): LoginRequest {
  return { type: 'login', body: bodyOf(user, password, contact) };
}

/** The same for somebody new. */
export function registrationOf(user: string, password: string, contact: Contact): LoginRequest {
  return { type: 'register', body: bodyOf(user, password, contact) };
}

function bodyOf(user: string, password: string, contact: Contact): LoginRequest['body'] {
  return {
    user: user.length > MAX_USER_CHARACTERS ? IMPOSSIBLE_WORD : user,
    password: fittingPassword(password),
    ...contact,
    compares: true,
  };
}

export interface PasswordChangeRequest {
  readonly type: 'change-password';
  readonly body: { readonly oldPassword: string; readonly newPassword: string };
}

export function passwordChangeOf(oldPassword: string, newPassword: string): PasswordChangeRequest {
  const body = {
    oldPassword: fittingPassword(oldPassword),
    newPassword: fittingPassword(newPassword),
  };
  return { type: 'change-password', body };
}

function fittingPassword(password: string): string {
  return password.length > MAX_PASSWORD_CHARACTERS ? IMPOSSIBLE_WORD : password;
}

/** What a command asks of the server, without the number of the request. */
export type CommandRequest =
  | { readonly type: 'post'; readonly body: { readonly text: string } }
  | { readonly type: 'delete'; readonly body: { readonly number: number; readonly time: string } }
  | {
      readonly type: 'edit';
      readonly body: { readonly number: number; readonly time: string; readonly text: string };
    }
  | { readonly type: 'read'; readonly body: { readonly since: string } }
  | { readonly type: 'users'; readonly body: Record<string, never> };

export function requestOf(command: ServerCommand): CommandRequest {
  switch (command.type) {
    case 'MSG':
      return { type: 'post', body: { text: command.text } };
    case 'DLT':
      return { type: 'delete', body: { number: command.number, time: command.time } };
    case 'EDT': {
      const { number, time, text } = command;
      return { type: 'edit', body: { number, time, text } };
    }
    case 'RDM':
      return { type: 'read', body: { since: command.since } };
    case 'ATU':
      return { type: 'users', body: {} };
  }
}

/** What answers a command that was not refused. */
export const answerTypes: Readonly<Record<ServerCommand['type'], 'done' | 'messages' | 'users'>> = {
  MSG: 'done',
  DLT: 'done',
  EDT: 'done',
  RDM: 'messages',
  ATU: 'users',
};

/** `Message #1 posted at TIME.` */
export function doneLine(type: ServerCommand['type'], number: number, time: string): SafeText {
  const verb = type === 'DLT' ? 'deleted' : type === 'EDT' ? 'edited' : 'posted';
  return safeLine`Message #${number} ${verb} at ${time}.`;
}
