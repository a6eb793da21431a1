import { expect, test } from 'vitest';
import { enterClient, startClient } from './client-fixture.ts';
import { startFixture } from './server-fixture.ts';
import { commandHelp } from '../../src/chat/core/command.ts';

const NOW = '25 Apr 2021 05:26:30';
const BEFORE = '25 Apr 2021 05:26:29';
const PROMPTS = ['Username: ', 'Password: '];

test('a login shows both prompts, the welcome, the commands and the first ATU', async () => {
  const { server } = await startFixture();
  const { console, exit } = startClient(server.port);
  console.type('jess', 'jess-pw');
  expect(await console.shown('no other active user')).toEqual([
    'Successfully connected to server',
    ...PROMPTS,
    'Welcome to updraft, jess!',
    ...commandHelp,
    'no other active user',
  ]);
  expect(console.hiddenPrompts).toEqual(['Password: ']);
  console.type('OUT');
  expect(await exit).toBe(0);
  expect(console.rest()).toEqual(['Bye, jess!']);
});

test('each failed login has its own text and both prompts follow; the last one blocks with exit 5', async () => {
  const { server } = await startFixture();
  const { console, exit } = startClient(server.port);
  console.type('nobody', 'x', '', '', 'jess', 'wrong', 'jess', 'wrong', 'jess', 'wrong');
  expect(await exit).toBe(5);
  expect(console.rest()).toEqual([
    'Successfully connected to server',
    ...PROMPTS,
    'Username does not exist',
    ...PROMPTS,
    'Username does not exist',
    ...PROMPTS,
    'Invalid Password',
    ...PROMPTS,
    'Invalid Password',
    ...PROMPTS,
    'Your account is blocked due to multiple login failures. Please try again later',
  ]);
  const again = startClient(server.port);
  again.console.type('jess', 'jess-pw');
  expect(await again.exit).toBe(5);
  expect(again.console.rest().slice(1, 3)).toEqual(PROMPTS);
});

test('a name or password too long for a frame gets the same answer as any other wrong one', async () => {
  const { server } = await startFixture();
  const { console } = startClient(server.port);
  console.type('x'.repeat(100_000), 'pw', 'jess', '\u0001'.repeat(100_000), 'jess', 'jess-pw');
  expect(await console.shown('Welcome')).toEqual([
    'Successfully connected to server',
    ...PROMPTS,
    'Username does not exist',
    ...PROMPTS,
    'Invalid Password',
    ...PROMPTS,
    'Welcome to updraft, jess!',
  ]);
});

test.each([[[]], [['jess']]])('the end of input at a login prompt exits 5', async (typed) => {
  const { server } = await startFixture();
  const { console, exit, endpoint } = startClient(server.port);
  console.type(...typed);
  console.end();
  expect(await exit).toBe(5);
  expect(endpoint().isClosed).toBe(true);
});

test('the commands answer with the texts of the contract, and others see posts arrive', async () => {
  const { server, read } = await startFixture();
  const jess = await enterClient(server.port, 'jess');
  const derek = await enterClient(server.port, 'derek');
  jess.console.type('MSG hello; there ', `EDT 1 ${NOW} hello`, 'atu', `RDM ${BEFORE}`);
  expect(await jess.console.shown('#1, ')).toEqual([
    `Message #1 posted at ${NOW}.`,
    `Message #1 edited at ${NOW}.`,
    `derek, 127.0.0.1, 6000, active since ${NOW}.`,
    `#1, jess: "hello", edited at ${NOW}.`,
  ]);
  expect(await derek.console.shown('#1, ')).toEqual([
    `#1, jess: "hello; there ", posted at ${NOW}.`,
  ]);
  jess.console.type(`DLT #1 ${NOW}`, `RDM ${BEFORE}`);
  expect(await jess.console.shown('no new message')).toEqual([
    `Message #1 deleted at ${NOW}.`,
    'no new message',
  ]);
  expect(read('messagelog.txt')).toBe('');
});

test('a refused command gives one line with reason and usage, and changes nothing', async () => {
  const { server, read } = await startFixture();
  const jess = await enterClient(server.port, 'jess');
  const derek = await enterClient(server.port, 'derek');
  jess.console.type('MSG mine');
  await derek.console.shown('mine');
  derek.console.type(
    `DLT 2 ${NOW}`,
    `DLT 1 ${BEFORE}`,
    `DLT 1 ${NOW}`,
    `EDT 1 ${NOW} his`,
    'MSG',
    'FLY \u001b[2J',
    '\u001b[2J',
    `MSG ${'y'.repeat(70_000)}`,
    'ATU',
  );
  const usage = 'Usage: DLT number time';
  const names = 'MSG, DLT, EDT, RDM, ATU, DM, UPD, DOC, XFR, CAN, YES, NO, RST, TRUST, HLP, OUT';
  expect(await derek.console.shown('active since')).toEqual([
    `There is no message with that number. ${usage}`,
    `That message has another time. ${usage}`,
    `Only its author may change a message. ${usage}`,
    'Only its author may change a message. Usage: EDT number time text',
    'A message needs text. Usage: MSG text',
    `Unknown command: FLY. Commands are ${names}.`,
    `Unknown command: \u241b[2J. Commands are ${names}.`,
    'That text is too long: 4096 characters at most. Usage: MSG text',
    `jess, 127.0.0.1, 6000, active since ${NOW}.`,
  ]);
  expect(read('messagelog.txt')).toBe(`1; ${NOW}; jess; mine; no\n`);
});

test('/msg with the name of somebody online posts nothing, and reaches nobody', async () => {
  const { server, read } = await startFixture();
  const { console } = await enterClient(server.port, 'jess');
  await enterClient(server.port, 'derek');
  console.type('/who');
  while (!(await console.shown('active')).at(-1)!.startsWith('derek, ')) console.type('/who');
  console.type('/msg derek secret', 'RDM 01 Jan 2020 00:00:00');
  expect(await console.shown('no new message')).toEqual([
    'Everybody would read that. DM derek text is for derek alone, MSG text for all.',
    'no new message',
  ]);
  expect(read('messagelog.txt')).toBe('');
});

test('control characters in a text of another person are shown as pictures', async () => {
  const { server, enter } = await startFixture();
  const { console } = await enterClient(server.port, 'jess');
  const derek = await enter('derek');
  await derek.ask('post', { text: 'a\u001b[31m\rb\u202e' });
  expect(await console.shown('#1, ')).toEqual([
    `#1, derek: "a\u241b[31m\u240db<U+202E>", posted at ${NOW}.`,
  ]);
});

test('HLP shows the commands, and the end of input means OUT', async () => {
  const { server, read } = await startFixture();
  const { console, exit } = await enterClient(server.port, 'jess');
  console.type('hlp');
  console.end();
  expect(await exit).toBe(0);
  expect(console.rest()).toEqual([...commandHelp, 'Bye, jess!']);
  expect(read('userlog.txt')).toBe('');
});
