import type { Ending } from './core/client-ending.ts';
import type { Question } from './core/client-console.ts';
import {
  type Contact,
  loginOf,
  type LoginRequest,
  passwordChangeOf,
  type PasswordChangeRequest,
  registrationOf,
} from './core/client-requests.ts';
import { loginRefusalText, refusalText } from './core/client-texts.ts';
import type { Answer } from './io/server-link.ts';
import { type SafeText, safeText } from '../text/safe-text.ts';

/** How a dialog speaks with the user and the server. An `Ending` is what ended the session meanwhile. */
export interface Dialog<Request> {
  /** Undefined at the end of input. */
  ask(prompt: SafeText, question?: Question): Promise<string | undefined | Ending>;
  request(frame: Request): Promise<readonly Answer[] | Ending>;
  print(line: SafeText): void;
}

export type LoginOutcome =
  | { readonly did: 'log-in'; readonly user: string; readonly answers: readonly Answer[] }
  | { readonly did: 'end'; readonly ending: Ending }
  /** The server answers out of order. */
  | { readonly did: 'misunderstand' }
  | { readonly did: 'get-blocked' }
  | { readonly did: 'reach-end-of-input' };

/** What is typed in place of a name by somebody who has none. */
const REGISTER = 'REG';
const HIDDEN: Question = { isHidden: true };
const PASSWORDS_DIFFER = safeText('The two passwords differ.');

/** Asks for a name and a password until the server takes them. `startsNew`: for those of a new user first. */
export async function logIn(
  dialog: Dialog<LoginRequest>,
  contact: Contact,
  startsNew: boolean,
): Promise<LoginOutcome> {
  let isNew = startsNew;
  for (;;) {
    const typed = isNew ? await askNewUser(dialog) : await askUser(dialog);
    if ('did' in typed) return typed;
    const { user, password } = typed;
    // An empty name is how to get back from REG.
    if (user === (isNew ? '' : REGISTER)) {
      isNew = !isNew;
      continue;
    }
    if (password === undefined) {
      dialog.print(PASSWORDS_DIFFER);
      continue;
    }
    const request = isNew ? registrationOf : loginOf;
    const answers = await dialog.request(request(user, password, contact));
    if ('why' in answers) return { did: 'end', ending: answers };
    const [first] = answers;
    if (first?.type === 'welcome') return { did: 'log-in', user: first.body.user, answers };
    if (first?.type !== 'refused') return { did: 'misunderstand' };
    const { reason } = first.body;
    dialog.print(loginRefusalText(reason));
    if (reason === 'blocked') return { did: 'get-blocked' };
    if (reason === 'no-registration') isNew = false;
  }
}

/** RST. Resolves with what ended the session, undefined at the end of input, or when it is done. */
export async function changePassword(
  dialog: Dialog<PasswordChangeRequest>,
): Promise<Ending | undefined | 'done' | 'misunderstood'> {
  const typed: string[] = [];
  for (const prompt of ['Old password: ', 'New password: ', 'New password again: ']) {
    const line = await dialog.ask(safeText(prompt), HIDDEN);
    if (typeof line !== 'string') return line;
    typed.push(line);
  }
  const [oldPassword, newPassword, again] = typed as [string, string, string];
  if (newPassword !== again) {
    dialog.print(PASSWORDS_DIFFER);
    return 'done';
  }
  const answers = await dialog.request(passwordChangeOf(oldPassword, newPassword));
  if ('why' in answers) return answers;
  const [first] = answers;
  if (first?.type === 'refused') dialog.print(refusalText(first.body.reason, 'RST'));
  else if (first?.type === 'password-changed') {
    dialog.print(safeText('Your password has been changed.'));
  } else return 'misunderstood';
  return 'done';
}

/** `password` is undefined when it was typed in two ways. */
type Typed =
  | { readonly user: string; readonly password: string | undefined }
  | Extract<LoginOutcome, { did: 'end' | 'reach-end-of-input' }>;

async function askUser(dialog: Dialog<LoginRequest>): Promise<Typed> {
  const user = await dialog.ask(safeText('Username: '));
  if (typeof user !== 'string') return endOf(user);
  if (user === REGISTER) return { user, password: undefined };
  const password = await dialog.ask(safeText('Password: '), HIDDEN);
  return typeof password === 'string' ? { user, password } : endOf(password);
}

async function askNewUser(dialog: Dialog<LoginRequest>): Promise<Typed> {
  const user = await dialog.ask(safeText('New username: '));
  if (typeof user !== 'string') return endOf(user);
  if (user === '') return { user, password: undefined };
  const password = await dialog.ask(safeText('New password: '), HIDDEN);
  if (typeof password !== 'string') return endOf(password);
  const again = await dialog.ask(safeText('New password again: '), HIDDEN);
  if (typeof again !== 'string') return endOf(again);
  return { user, password: password === again ? password : undefined };
}

function endOf(ending: Ending | undefined): Extract<Typed, { did: string }> {
  return ending ? { did: 'end', ending } : { did: 'reach-end-of-input' };
}
