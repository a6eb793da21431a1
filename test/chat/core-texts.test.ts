import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCredentials, replacePassword } from '../../src/chat/core/credentials.ts';
import { formatTime, parseTime } from '../../src/chat/core/local-time.ts';
import { messageLogLine, serverLogLine, userLogLine } from '../../src/chat/core/log-lines.ts';
import {
  formatStoredPassword,
  parseStoredPassword,
  type StoredPassword,
} from '../../src/chat/core/stored-password.ts';

const HASH = `$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'b'.repeat(43)}`;

function faultOf(text: string): string {
  const reading = readCredentials(text);
  return 'fault' in reading ? `${reading.fault.line}: ${reading.fault.reason}` : 'none';
}

test.each([
  ['jess', '1: expected two words: username password'],
  ['jess a b', '1: expected two words: username password'],
  [
    'a b\n\n \r\n-x y',
    '4: a username is 1 to 32 of A-Z a-z 0-9 _ . - and does not start with . or -',
  ],
  ['.x y', '1: a username is 1 to 32 of A-Z a-z 0-9 _ . - and does not start with . or -'],
  [
    `${'x'.repeat(33)} y`,
    '1: a username is 1 to 32 of A-Z a-z 0-9 _ . - and does not start with . or -',
  ],
  ['jess a\r\nderek b\nJESS c', '3: the username stands in line 1 already'],
  ['jess \ufffd', '1: the password is not printable UTF-8 text'],
  ['jess a\u0000b', '1: the password is not printable UTF-8 text'],
  ['jess $scrypt$', '1: the stored password hash does not parse'],
  ['jess $SCRYPT$ln=15', '1: the stored password hash does not parse'],
  [`jess ${HASH}x`, '1: the stored password hash does not parse'],
  ['jess $argon2id$v=19$m=1', '1: the stored password hash does not parse'],
  [`jess ${HASH.replace('ln=15', 'ln=40')}`, '1: the stored password hash does not parse'],
  ['', 'none'],
  [`\ufeffjess a\r\n\r\n\t\r\n_ $5\r\nderek ${HASH}`, 'none'],
])('credentials %j: %s', (text, fault) => {
  expect(faultOf(text)).toBe(fault);
});

const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/);
const word = fc.stringMatching(/^[!-#%-~é]{1,20}$/);
const line = fc.tuple(
  fc.constantFrom('', ' ', '\t'),
  fc.constantFrom(' ', '\t', '  '),
  fc.constantFrom('', ' '),
  fc.constantFrom('\n', '\r\n'),
);

test('replacing a password changes that word and nothing else, whatever the spaces and line ends', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ name, word, line }), {
        selector: ({ name }) => name.toLowerCase(),
        minLength: 1,
      }),
      fc.nat(),
      fc.boolean(),
      (users, pick, endsWithNewline) => {
        const at = pick % users.length;
        const textWith = (changed?: string): string => {
          const lines = users.map(
            ({ name, word, line: [before, between, after, end] }, index) =>
              `${before}${name}${between}${index === at && changed ? changed : word}${after}${end}\n`,
          );
          const text = lines.join('');
          return endsWithNewline ? text : text.trimEnd();
        };
        const { name: user, word: password } = users[at]!;
        const expected: StoredPassword = { kind: 'plain', password };
        const hash = parseStoredPassword(HASH)!;
        expect(faultOf(textWith())).toBe('none');
        expect(replacePassword(textWith(), user, expected, hash)).toBe(textWith(HASH));
        expect(replacePassword(textWith(HASH), user, expected, hash)).toBe(undefined);
      },
    ),
  );
});

test('a stored hash is read as it was written', () => {
  expect(formatStoredPassword(parseStoredPassword(HASH)!)).toBe(HASH);
  expect(parseStoredPassword('pa$$word')).toEqual({ kind: 'plain', password: 'pa$$word' });
});

test('every time that is written is read back, and nothing but its exact form is read', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date(253e12), noInvalidDate: true }),
      (date) => {
        const time = {
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
          second: date.getUTCSeconds(),
        };
        expect(parseTime(formatTime(time))).toEqual(time);
      },
    ),
  );
  for (const text of [
    '5 Apr 2021 05:26:30',
    '05 apr 2021 05:26:30',
    '05 Apr 21 05:26:30',
    '05 Apr 2021 5:26:30',
    '05 Apr 2021  05:26:30',
    '05 Apr 2021 05:26:30 ',
    '05 Apr 2021 05:26:60',
    '05 Apr 2021 24:00:00',
    '00 Apr 2021 05:26:30',
    '31 Apr 2021 05:26:30',
    '29 Feb 2021 05:26:30',
    '29 Feb 1900 05:26:30',
    '05 Mai 2021 05:26:30',
  ]) {
    expect(parseTime(text), text).toBe(undefined);
  }
  expect(parseTime('29 Feb 2024 23:59:59')).toMatchObject({ day: 29, month: 2 });
});

test('log lines have the forms of the contract and never more than one line', () => {
  const since = '25 Apr 2021 05:26:30';
  expect(userLogLine(1, { user: 'jess', address: '197.83.62.1', udpPort: 9999, since })).toBe(
    '1; 25 Apr 2021 05:26:30; jess; 197.83.62.1; 9999\n',
  );
  const view = { number: 1, user: 'jess', text: 'i want to leave', time: since, edited: true };
  expect(messageLogLine(view)).toBe('1; 25 Apr 2021 05:26:30; jess; i want to leave; yes\n');
  expect(messageLogLine({ ...view, text: 'a\nb\u2028c' }).indexOf('\n')).toBe(
    messageLogLine({ ...view, text: 'a\nb\u2028c' }).length - 1,
  );
  expect(serverLogLine(since, { event: 'x', user: `\n${'y'.repeat(100)}`, address: '::1' })).toBe(
    `25 Apr 2021 05:26:30; x; ␊${'y'.repeat(63)}; ::1`,
  );
  expect(serverLogLine(since, { event: 'stopping' })).toBe(`${since}; stopping; -; -`);
});
