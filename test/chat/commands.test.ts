import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandHelp, commandShapes, parseCommand } from '../../src/chat/core/command.ts';
import { splitShellWords } from '../../src/chat/core/shell-words.ts';

const NAMES = [
  'MSG',
  'DLT',
  'EDT',
  'RDM',
  'ATU',
  'DM',
  'UPD',
  'DOC',
  'XFR',
  'CAN',
  'YES',
  'NO',
  'RST',
  'TRUST',
  'HLP',
  'OUT',
];
const TIME = '25 Apr 2021 05:26:30';

function commandOf(line: string): unknown {
  const parsed = parseCommand(line);
  return parsed !== undefined && 'command' in parsed ? parsed.command : parsed;
}

test.each([
  ['MSG hello', { type: 'MSG', text: 'hello' }],
  ['msg hello', { type: 'MSG', text: 'hello' }],
  ['Msg  two  blanks ', { type: 'MSG', text: ' two  blanks ' }],
  [`DLT 3 ${TIME}`, { type: 'DLT', number: 3, time: TIME }],
  [`dlt #3 ${TIME}  `, { type: 'DLT', number: 3, time: TIME }],
  [`EDT #12 ${TIME} new; text `, { type: 'EDT', number: 12, time: TIME, text: 'new; text ' }],
  [`RDM ${TIME}`, { type: 'RDM', since: TIME }],
  [' atu ', { type: 'ATU' }],
  ['UPD jess a.txt', { type: 'UPD', user: 'jess', paths: ['a.txt'] }],
  [`UPD jess 'a b' "c d" e\\ f`, { type: 'UPD', user: 'jess', paths: ['a b', 'c d', 'e f'] }],
  ['UPD jess a\\ ', { type: 'UPD', user: 'jess', paths: ['a '] }],
  ['dm jess  hello; you ', { type: 'DM', user: 'jess', text: ' hello; you ' }],
  ['xfr', { type: 'XFR' }],
  ['CAN 3', { type: 'CAN', id: 3 }],
  ['can #12 ', { type: 'CAN', id: 12 }],
  ['yes', { type: 'YES', id: undefined }],
  ['YES #4', { type: 'YES', id: 4 }],
  ['no ALL ', { type: 'NO', id: 'all' }],
  ['TRUST jess', { type: 'TRUST', user: 'jess' }],
  ['HLP', { type: 'HLP' }],
  ['OUT', { type: 'OUT', isNow: false }],
  ['out NOW', { type: 'OUT', isNow: true }],
  ['/msg hello', { type: 'MSG', text: 'hello' }],
  [`/delete 3 ${TIME}`, { type: 'DLT', number: 3, time: TIME }],
  [`/edit 3 ${TIME} new`, { type: 'EDT', number: 3, time: TIME, text: 'new' }],
  [`/read ${TIME}`, { type: 'RDM', since: TIME }],
  ['/who', { type: 'ATU' }],
  ['/DM jess hello', { type: 'DM', user: 'jess', text: 'hello' }],
  ['/send jess a.txt', { type: 'UPD', user: 'jess', paths: ['a.txt'] }],
  ['/transfers', { type: 'XFR' }],
  ['/cancel 3', { type: 'CAN', id: 3 }],
  ['/yes all', { type: 'YES', id: 'all' }],
  ['/no', { type: 'NO', id: undefined }],
  ['/password', { type: 'RST' }],
  ['/trust jess', { type: 'TRUST', user: 'jess' }],
  ['/help', { type: 'HLP' }],
  ['/quit now', { type: 'OUT', isNow: true }],
])('%j is understood', (line, command) => {
  expect(commandOf(line)).toEqual(command);
});

test.each([
  ['MSG', 'A message needs text.', 'MSG text'],
  ['MSG    ', 'A message needs text.', 'MSG text'],
  [`MSG ${'x'.repeat(4097)}`, 'That text is too long: 4096 characters at most.', 'MSG text'],
  ['DLT', 'A number and a time are missing.', 'DLT number time'],
  ['DLT 3', 'A time is missing.', 'DLT number time'],
  ['DLT # ', 'That is not a message number.', 'DLT number time'],
  [`DLT -3 ${TIME}`, 'That is not a message number.', 'DLT number time'],
  [`DLT 3  ${TIME}`, 'That is not a time.', 'DLT number time'],
  ['DLT 3 30 Feb 2021 05:26:30', 'That is not a time.', 'DLT number time'],
  [`DLT 3 ${TIME} x`, 'Something stands behind the time.', 'DLT number time'],
  [`EDT 3 ${TIME}`, 'A message needs text.', 'EDT number time text'],
  [`EDT 3 ${TIME}text`, 'That is not a time.', 'EDT number time text'],
  [`EDT 1234567890 ${TIME} x`, 'That is not a message number.', 'EDT number time text'],
  ['RDM', 'A time is missing.', 'RDM time'],
  ['RDM 25 apr 2021 05:26:30', 'That is not a time.', 'RDM time'],
  ['ATU now', 'Nothing may stand behind it.', 'ATU'],
  ['HLP MSG', 'Nothing may stand behind it.', 'HLP'],
  ['UPD', 'A user and a file are missing.', 'UPD user path…'],
  ['UPD jess', 'A file is missing.', 'UPD user path…'],
  [`UPD ${'j'.repeat(33)} a`, 'No user has so long a name.', 'UPD user path…'],
  ["UPD jess 'a", 'In the file names, a quote is not closed.', 'UPD user path…'],
  ['UPD jess a\\', 'In the file names, a backslash ends the line.', 'UPD user path…'],
  ['DM', 'A user and a text are missing.', 'DM user text'],
  ['DM jess', 'A message needs text.', 'DM user text'],
  ['DM jess   ', 'A message needs text.', 'DM user text'],
  [
    `DM jess ${'x'.repeat(4097)}`,
    'That text is too long: 4096 characters at most.',
    'DM user text',
  ],
  [`DM ${'j'.repeat(33)} a`, 'No user has so long a name.', 'DM user text'],
  ['XFR 1', 'Nothing may stand behind it.', 'XFR'],
  ['CAN', 'An id is missing.', 'CAN id'],
  ['CAN all', 'That is not the id of a transfer.', 'CAN id'],
  ['CAN 1234567890', 'That is not the id of a transfer.', 'CAN id'],
  ['YES some', 'That is not the id of a transfer.', 'YES [id|all]'],
  ['NO 1 2', 'That is not the id of a transfer.', 'NO [id|all]'],
  ['TRUST', 'A user is missing.', 'TRUST user'],
  ['TRUST jess derek', 'That is no name for a user.', 'TRUST user'],
  ['TRUST ../jess', 'That is no name for a user.', 'TRUST user'],
  ['OUT later', 'Only "now" may stand behind OUT.', 'OUT'],
])('%j is refused with its reason and the usage in one line', (line, reason, usage) => {
  expect(parseCommand(line)).toEqual({ problem: `${reason} Usage: ${usage}` });
});

test('an unknown command is repeated in part and answered with the list of names', () => {
  const names = NAMES.join(', ');
  expect(parseCommand('fly away')).toEqual({
    problem: `Unknown command: fly. Commands are ${names}.`,
  });
  expect(parseCommand('x'.repeat(100_000))).toEqual({
    problem: `Unknown command: ${'x'.repeat(32)}…. Commands are ${names}.`,
  });
  // Names that every object has are no commands.
  expect(parseCommand('constructor')).toMatchObject({
    problem: expect.stringMatching(/^Unknown/) as string,
  });
});

test('an empty line is no command', () => {
  expect(parseCommand('')).toBeUndefined();
  expect(parseCommand('   ')).toBeUndefined();
});

test('the help names each command that exists, and no other', () => {
  const named = commandHelp.flatMap((line) => /^ {2}([A-Z]{2,5})\b/.exec(line)?.[1] ?? []);
  expect(named).toEqual(Object.keys(commandShapes));
  expect(named).toEqual(NAMES);
});

test('the help names the other word for each command, no two the same, within 80 columns', () => {
  const aliases = commandHelp.flatMap((line) => /^ {2}\S.* (\/[a-z]+) /.exec(line)?.[1] ?? []);
  expect(aliases).toEqual(Object.values(commandShapes).map(({ alias }) => alias));
  expect(new Set(aliases).size).toBe(NAMES.length);
  expect(Math.max(...commandHelp.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('/msg posts nothing that begins with the name of somebody online: elsewhere that is a private message', () => {
  const online = ['derek', 'Jess'];
  const problem = 'Everybody would read that. DM Jess text is for Jess alone, MSG text for all.';
  expect(parseCommand('/msg jess meet me', online)).toEqual({ problem });
  expect(parseCommand('/MSG  Jess meet me', online)).toEqual({ problem });
  for (const text of ['jess', 'jess, meet me', 'jim meet me']) {
    expect(parseCommand(`/msg ${text}`, online)).toEqual({ command: { type: 'MSG', text } });
  }
  const text = 'jess meet me';
  expect(parseCommand(`MSG ${text}`, online)).toEqual({ command: { type: 'MSG', text } });
});

test('any line gives a command, nothing, or a problem of one short line', () => {
  const word = fc.constantFrom(
    'MSG',
    'dlt',
    'EDT',
    'RDM',
    'UPD',
    'OUT',
    '#1',
    TIME,
    '"',
    "'",
    '\\',
  );
  const line = fc.array(fc.oneof(word, fc.string({ unit: 'binary' })), { maxLength: 6 });
  fc.assert(
    fc.property(line, (words) => {
      const parsed = parseCommand(words.join(' ').replace(/\n/g, ' '));
      if (parsed === undefined || !('problem' in parsed)) return;
      expect(parsed.problem).not.toContain('\n');
      expect(parsed.problem.length).toBeLessThan(200);
    }),
  );
});

test('words that are quoted as in a shell come back as they were, whatever they hold', () => {
  const singly = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
  const doubly = (word: string): string => `"${word.replace(/["\\]/g, '\\$&')}"`;
  const barely = (word: string): string => (word === '' ? "''" : word.replace(/./gsu, '\\$&'));
  const quoted = fc.tuple(fc.string(), fc.constantFrom(singly, doubly, barely));
  fc.assert(
    fc.property(fc.array(quoted), (words) => {
      const line = words.map(([word, quote]) => quote(word)).join('  ');
      expect(splitShellWords(line)).toEqual({ words: words.map(([word]) => word) });
    }),
  );
});

test('a backslash inside double quotes saves only a quote and itself', () => {
  expect(splitShellWords('"C:\\dir\\\\x\\""')).toEqual({ words: ['C:\\dir\\x"'] });
});
