import { type SafeText, safeText } from '../../text/safe-text.ts';
import { isUserName } from './credentials.ts';
import { parseTime } from './local-time.ts';
import { MAX_TEXT_CHARACTERS } from './protocol.ts';
import { splitShellWords } from './shell-words.ts';

/** A line of the chat prompt, understood. */
export type Command =
  | { readonly type: 'MSG'; readonly text: string }
  | { readonly type: 'DLT'; readonly number: number; readonly time: string }
  | {
      readonly type: 'EDT';
      readonly number: number;
      readonly time: string;
      readonly text: string;
    }
  | { readonly type: 'RDM'; readonly since: string }
  | { readonly type: 'ATU' }
  | { readonly type: 'DM'; readonly user: string; readonly text: string }
  | { readonly type: 'UPD'; readonly user: string; readonly paths: readonly string[] }
  | { readonly type: 'DOC'; readonly user: string }
  | { readonly type: 'XFR' }
  /** `id` as XFR shows it. */
  | { readonly type: 'CAN'; readonly id: number }
  /** Undefined: the only offer that waits. */
  | { readonly type: 'YES' | 'NO'; readonly id: number | 'all' | undefined }
  | { readonly type: 'RST' }
  | { readonly type: 'TRUST'; readonly user: string }
  | { readonly type: 'HLP' }
  | { readonly type: 'OUT'; readonly isNow: boolean };

export type CommandName = Command['type'];

/** `problem` is one line: what is wrong, then how the command goes. */
export type ParsedCommand = { readonly command: Command } | { readonly problem: string };

interface CommandShape {
  readonly usage: string;
  /** The same command for whoever knows other chats. */
  readonly alias: `/${string}`;
  readonly does: string;
}

/** Every command in the order of the help. Times are `DD Mon YYYY HH:MM:SS`. */
export const commandShapes: Readonly<Record<CommandName, CommandShape>> = {
  MSG: { usage: 'MSG text', alias: '/msg', does: 'post a message' },
  DLT: { usage: 'DLT number time', alias: '/delete', does: 'delete your message' },
  EDT: { usage: 'EDT number time text', alias: '/edit', does: 'edit your message' },
  RDM: { usage: 'RDM time', alias: '/read', does: 'read messages later than time' },
  ATU: { usage: 'ATU', alias: '/who', does: 'list the other active users' },
  DM: { usage: 'DM user text', alias: '/dm', does: 'write to one user, machine to machine' },
  UPD: {
    usage: 'UPD user path…',
    alias: '/send',
    does: 'send files and folders, machine to machine',
  },
  DOC: { usage: 'DOC user', alias: '/doctor', does: 'see whether files reach a user, or why not' },
  XFR: { usage: 'XFR', alias: '/transfers', does: 'list transfers and check codes' },
  CAN: { usage: 'CAN id', alias: '/cancel', does: 'cancel a transfer' },
  YES: {
    usage: 'YES [id|all]',
    alias: '/yes',
    does: 'receive what waits for an answer (--confirm)',
  },
  NO: { usage: 'NO [id|all]', alias: '/no', does: 'refuse it' },
  RST: { usage: 'RST', alias: '/password', does: 'change your password' },
  TRUST: { usage: 'TRUST user', alias: '/trust', does: 'accept the new identity key of a user' },
  HLP: { usage: 'HLP', alias: '/help', does: 'show this list' },
  OUT: { usage: 'OUT', alias: '/quit', does: 'log out; OUT now aborts running transfers' },
};

/** The list of commands, a line each. */
export const commandHelp: readonly SafeText[] = [
  ...Object.values(commandShapes).map(
    ({ usage, alias, does }) => `  ${usage.padEnd(22)}${alias.padEnd(11)}${does}`,
  ),
  '  A time is DD Mon YYYY HH:MM:SS, as messages show it.',
].map(safeText);

/**
 * An empty line is no command: undefined. `users`: who is online. In other chats `/msg` writes to one
 * user; what begins with the name of one is not posted by it for all to read.
 */
export function parseCommand(
  line: string,
  users: readonly string[] = [],
): ParsedCommand | undefined {
  const typed = line.trimStart();
  if (typed === '') return undefined;
  const blank = typed.indexOf(' ');
  const word = blank < 0 ? typed : typed.slice(0, blank);
  const rest = blank < 0 ? '' : typed.slice(blank + 1);
  const name = nameOf(word);
  if (name === undefined) {
    const names = Object.keys(commandShapes).join(', ');
    const shown =
      word.length > MAX_SHOWN_CHARACTERS ? `${word.slice(0, MAX_SHOWN_CHARACTERS)}…` : word;
    return { problem: `Unknown command: ${shown}. Commands are ${names}.` };
  }
  // Texts stay as they were typed, and a saved space may end a file name; nothing else ends in one.
  const isVerbatim = name === 'MSG' || name === 'EDT' || name === 'DM' || name === 'UPD';
  const named = word.toLowerCase() === '/msg' ? userNamedIn(rest, users) : undefined;
  if (named !== undefined) {
    return {
      problem: `Everybody would read that. DM ${named} text is for ${named} alone, MSG text for all.`,
    };
  }
  return parsers[name](isVerbatim ? rest : rest.trimEnd());
}

/** The command that a word means, in upper or lower case; undefined when it means none. */
export function nameOf(word: string): CommandName | undefined {
  const name = word.toUpperCase();
  if (Object.hasOwn(commandShapes, name)) return name as CommandName;
  return byAlias.get(word.toLowerCase());
}

const byAlias: ReadonlyMap<string, CommandName> = new Map(
  Object.entries(commandShapes).map(([name, { alias }]) => [alias, name as CommandName]),
);

/** Whose name is the first of several words. */
function userNamedIn(text: string, users: readonly string[]): string | undefined {
  const [, word] = /^ *(\S+) /.exec(text) ?? [];
  return users.find((user) => user.toLowerCase() === word?.toLowerCase());
}

const parsers: Readonly<Record<CommandName, (rest: string) => ParsedCommand>> = {
  MSG: (rest) => {
    const reason = textProblem(rest);
    return reason === undefined ? { command: { type: 'MSG', text: rest } } : problem('MSG', reason);
  },
  DLT: (rest) => {
    const target = parseTarget(rest);
    if ('reason' in target) return problem('DLT', target.reason);
    if (target.rest !== '') return problem('DLT', 'Something stands behind the time.');
    return { command: { type: 'DLT', number: target.number, time: target.time } };
  },
  EDT: (rest) => {
    const target = parseTarget(rest);
    if ('reason' in target) return problem('EDT', target.reason);
    const { number, time, rest: text } = target;
    const reason = textProblem(text);
    if (reason !== undefined) return problem('EDT', reason);
    return { command: { type: 'EDT', number, time, text } };
  },
  RDM: (rest) =>
    parseTime(rest) === undefined
      ? problem('RDM', rest === '' ? 'A time is missing.' : 'That is not a time.')
      : { command: { type: 'RDM', since: rest } },
  ATU: (rest) => (rest === '' ? { command: { type: 'ATU' } } : problem('ATU', NO_ARGUMENTS)),
  DM: (rest) => {
    const [, user, text] = /^ *(\S+)(?: (.*))?$/su.exec(rest) ?? [];
    if (user === undefined) return problem('DM', 'A user and a text are missing.');
    if (user.length > MAX_USER_CHARACTERS) return problem('DM', 'No user has so long a name.');
    const reason = textProblem(text ?? '');
    if (reason !== undefined) return problem('DM', reason);
    return { command: { type: 'DM', user, text: text! } };
  },
  UPD: (rest) => {
    const split = splitShellWords(rest);
    if ('error' in split) return problem('UPD', `In the file names, ${split.error}.`);
    const [user, ...paths] = split.words;
    if (user === undefined) return problem('UPD', 'A user and a file are missing.');
    if (user.length > MAX_USER_CHARACTERS) return problem('UPD', 'No user has so long a name.');
    if (paths.length === 0) return problem('UPD', 'A file is missing.');
    return { command: { type: 'UPD', user, paths } };
  },
  XFR: (rest) => (rest === '' ? { command: { type: 'XFR' } } : problem('XFR', NO_ARGUMENTS)),
  CAN: (rest) => {
    const id = parseId(rest);
    if (id === undefined) return problem('CAN', rest === '' ? 'An id is missing.' : NO_ID);
    return { command: { type: 'CAN', id } };
  },
  YES: (rest) => parseAnswer('YES', rest),
  NO: (rest) => parseAnswer('NO', rest),
  DOC: (rest) => parseUser('DOC', rest),
  TRUST: (rest) => parseUser('TRUST', rest),
  RST: (rest) => (rest === '' ? { command: { type: 'RST' } } : problem('RST', NO_ARGUMENTS)),
  HLP: (rest) => (rest === '' ? { command: { type: 'HLP' } } : problem('HLP', NO_ARGUMENTS)),
  OUT: (rest) => {
    const isNow = rest.toLowerCase() === 'now';
    if (rest !== '' && !isNow) return problem('OUT', 'Only "now" may stand behind OUT.');
    return { command: { type: 'OUT', isNow } };
  },
};

/** `3` and `#3` are the same id. */
function parseId(text: string): number | undefined {
  const [, digits] = /^#?(\d{1,9})$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function parseUser(type: 'DOC' | 'TRUST', rest: string): ParsedCommand {
  if (rest === '') return problem(type, 'A user is missing.');
  if (!isUserName(rest)) return problem(type, 'That is no name for a user.');
  return { command: { type, user: rest } };
}

function parseAnswer(type: 'YES' | 'NO', rest: string): ParsedCommand {
  if (rest === '') return { command: { type, id: undefined } };
  const id = rest.toLowerCase() === 'all' ? 'all' : parseId(rest);
  return id === undefined ? problem(type, NO_ID) : { command: { type, id } };
}

const NO_ID = 'That is not the id of a transfer.';

/** Of a command that is none, as much as is repeated. */
const MAX_SHOWN_CHARACTERS = 32;
/** PRODUCT §2: user names have 1 to 32 characters. */
const MAX_USER_CHARACTERS = 32;

/** The server would say the same, but a frame that is too long would cut the connection first. */
function textProblem(text: string): string | undefined {
  if (text.trim() === '') return 'A message needs text.';
  return text.length > MAX_TEXT_CHARACTERS
    ? `That text is too long: ${MAX_TEXT_CHARACTERS} characters at most.`
    : undefined;
}

const NO_ARGUMENTS = 'Nothing may stand behind it.';

/** Characters of `DD Mon YYYY HH:MM:SS`. */
const TIME_LENGTH = 20;
const MAX_NUMBER_DIGITS = 9;

/** `number time` at the start of `rest`: `3` and `#3` are the same number. */
function parseTarget(
  rest: string,
):
  | { readonly number: number; readonly time: string; readonly rest: string }
  | { readonly reason: string } {
  if (rest === '') return { reason: 'A number and a time are missing.' };
  const blank = rest.indexOf(' ');
  const word = blank < 0 ? rest : rest.slice(0, blank);
  const digits = word.startsWith('#') ? word.slice(1) : word;
  if (!/^\d+$/.test(digits) || digits.length > MAX_NUMBER_DIGITS) {
    return { reason: 'That is not a message number.' };
  }
  if (blank < 0) return { reason: 'A time is missing.' };
  const time = rest.slice(blank + 1, blank + 1 + TIME_LENGTH);
  const behind = rest.slice(blank + 1 + TIME_LENGTH);
  const isTime = parseTime(time) !== undefined && (behind === '' || behind.startsWith(' '));
  if (!isTime) return { reason: 'That is not a time.' };
  return { number: Number(digits), time, rest: behind.slice(1) };
}

function problem(name: CommandName, reason: string): ParsedCommand {
  return { problem: `${reason} Usage: ${commandShapes[name].usage}` };
}
