import {
  formatStoredPassword,
  parseStoredPassword,
  type StoredPassword,
} from './stored-password.ts';

/** Why credentials.txt cannot be used, with the line (from 1) to look at. */
export interface CredentialsFault {
  readonly line: number;
  readonly reason: string;
}

export type CredentialsReading =
  { readonly users: ReadonlyMap<string, StoredPassword> } | { readonly fault: CredentialsFault };

/** 1–32 characters; no first `.` or `-`, since names become parts of file names and arguments. */
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/;
const byteOrderMark = /^\ufeff/;

/** Whether `name` may be a user of this server. */
export function isUserName(name: string): boolean {
  return namePattern.test(name);
}

/** Of a new password: what a client asks for fits the frame of a login. */
export const MAX_PASSWORD_CHARACTERS = 512;
/** Neither blanks nor controls, nor halves of characters. */
const passwordPattern = /^[^\s\p{Cc}\p{Cs}\ufffd]+$/u;

/** Whether `password` may be somebody's new one. */
export function isNewPassword(password: string): boolean {
  return password.length <= MAX_PASSWORD_CHARACTERS && passwordPattern.test(password);
}

/** Lines with their ends, so that joining them gives `text` again. */
function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/);
}

/** The words of a line, without its end; a byte order mark is no part of the first. */
function wordsOf(line: string): string[] {
  const content = line.replace(/\r?\n$/, '').replace(byteOrderMark, '');
  return content.split(/[ \t]+/).filter((word) => word !== '');
}

function faultOf(words: readonly string[]): string | undefined {
  const [name, password] = words;
  if (name === undefined || password === undefined || words.length !== 2)
    return 'expected two words: username password';
  if (!isUserName(name))
    return 'a username is 1 to 32 of A-Z a-z 0-9 _ . - and does not start with . or -';
  // U+FFFD is what a byte that is not UTF-8 was read as.
  if (/[\p{Cc}\ufffd]/u.test(password)) return 'the password is not printable UTF-8 text';
  if (!parseStoredPassword(password)) return 'the stored password hash does not parse';
  return undefined;
}

/**
 * Reads credentials.txt: `username password` a line, blank lines ignored, CRLF and a missing last
 * newline fine. Stops at the first fault. No password ever stands in a reason.
 */
export function readCredentials(text: string): CredentialsReading {
  const users = new Map<string, StoredPassword>();
  const lineOfName = new Map<string, number>();
  for (const [index, content] of linesOf(text).entries()) {
    const words = wordsOf(content);
    if (words.length === 0) continue;
    const line = index + 1;
    const reason = faultOf(words);
    if (reason !== undefined) return { fault: { line, reason } };
    const name = words[0]!;
    const earlier = lineOfName.get(name.toLowerCase());
    if (earlier !== undefined)
      return { fault: { line, reason: `the username stands in line ${earlier} already` } };
    lineOfName.set(name.toLowerCase(), line);
    users.set(name, parseStoredPassword(words[1]!)!);
  }
  return { users };
}

/** `text` with a line for a new user at its end; undefined when it has that name, ignoring case. */
export function addUser(text: string, user: string, stored: StoredPassword): string | undefined {
  const names = linesOf(text).map((line) => wordsOf(line)[0]?.toLowerCase());
  if (names.includes(user.toLowerCase())) return undefined;
  const lineEnd = /\r\n/.test(text) ? '\r\n' : '\n';
  const gap = text === '' || text.endsWith('\n') ? '' : lineEnd;
  return `${text}${gap}${user} ${formatStoredPassword(stored)}${lineEnd}`;
}

/**
 * `text` with the password of `user` replaced and every other character as it was. Undefined when
 * the line of `user` does not hold `expected`: then somebody else has changed it meanwhile.
 */
export function replacePassword(
  text: string,
  user: string,
  expected: StoredPassword,
  replacement: StoredPassword,
): string | undefined {
  const lines = linesOf(text);
  const index = lines.findIndex((line) => wordsOf(line)[0] === user);
  const words = wordsOf(lines[index] ?? '');
  const expectedWord = formatStoredPassword(expected);
  if (words.length !== 2 || words[1] !== expectedWord) return undefined;
  const line = lines[index]!;
  const at = line.lastIndexOf(expectedWord);
  lines[index] =
    line.slice(0, at) + formatStoredPassword(replacement) + line.slice(at + expectedWord.length);
  return lines.join('');
}
