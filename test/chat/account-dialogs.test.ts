import { expect, test } from 'vitest';
import { commandHelp } from '../../src/chat/core/command.ts';
import { enterClient, startClient } from './client-fixture.ts';
import { CREDENTIALS, startFixture } from './server-fixture.ts';

const LOGIN = ['Username: ', 'Password: '];
const REGISTRATION = ['New username: ', 'New password: ', 'New password again: '];
const CONNECTED = 'Successfully connected to server';
const WELCOME = ['Welcome to updraft, anna!', ...commandHelp, 'no other active user'];

test('REG at the username prompt makes a user, who is logged in at once', async () => {
  const { server, log } = await startFixture();
  const { console, exit } = startClient(server.port);
  console.type('nobody', 'x', 'REG', 'anna', 'secret', 'secret', 'MSG hi', 'OUT');
  expect(await exit).toBe(0);
  expect(console.rest()).toEqual([
    CONNECTED,
    ...LOGIN,
    'Username does not exist',
    'Username: ',
    ...REGISTRATION,
    ...WELCOME,
    'Message #1 posted at 25 Apr 2021 05:26:30.',
    'Bye, anna!',
  ]);
  expect(console.hiddenPrompts).toEqual(['Password: ', ...REGISTRATION.slice(1)]);
  expect(console.errors).toEqual([]);
  expect(log).toContain('registered; anna; 127.0.0.1');
  const again = startClient(server.port);
  again.console.type('anna', 'secret', 'OUT');
  expect(await again.exit).toBe(0);
});

test('each reason against a new user is one line, and the three prompts come again', async () => {
  const { server, read } = await startFixture();
  const { console, exit } = startClient(server.port, { isNewUser: true });
  const long = 'x'.repeat(100_000);
  console.type('a_b', 'pw', 'pw', 'JESS', 'pw', 'pw', 'anna', 'p w', 'p w', 'anna', 'pw', 'pW');
  console.type(long, 'pw', 'pw', 'anna', long, long, 'anna', 'pw', 'pw', 'OUT');
  expect(await exit).toBe(0);
  const badName = 'A username has 1 to 32 of A-Z a-z 0-9 . - and does not start with . or -.';
  const badPassword = 'A password has 1 to 512 characters and no spaces or control characters.';
  expect(console.rest()).toEqual([
    CONNECTED,
    ...REGISTRATION,
    badName,
    ...REGISTRATION,
    'That username is taken.',
    ...REGISTRATION,
    badPassword,
    ...REGISTRATION,
    'The two passwords differ.',
    ...REGISTRATION,
    badName,
    ...REGISTRATION,
    badPassword,
    ...REGISTRATION,
    ...WELCOME,
    'Bye, anna!',
  ]);
  expect(read('credentials.txt').startsWith(CREDENTIALS)).toBe(true);
});

test('an empty new name leads back to the login', async () => {
  const { server } = await startFixture();
  const { console, exit } = startClient(server.port, { isNewUser: true });
  console.type('', 'REG', '', 'jess', 'jess-pw', 'OUT');
  expect(await exit).toBe(0);
  const shown = console.rest();
  expect(shown.slice(0, 7)).toEqual([
    CONNECTED,
    'New username: ',
    'Username: ',
    'New username: ',
    ...LOGIN,
    'Welcome to updraft, jess!',
  ]);
});

test('a server that takes no new users says so, and asks for a login', async () => {
  const { server, read } = await startFixture({ takesNewUsers: false });
  const { console, exit } = startClient(server.port, { isNewUser: true });
  console.type('anna', 'pw', 'pw', 'jess', 'jess-pw', 'OUT');
  expect(await exit).toBe(0);
  expect(console.rest().slice(0, 8)).toEqual([
    CONNECTED,
    ...REGISTRATION,
    'This server takes no new users.',
    ...LOGIN,
    'Welcome to updraft, jess!',
  ]);
  expect(read('credentials.txt')).not.toContain('anna');
});

test.each([
  ['a name', []],
  ['a password', ['anna']],
  ['the password again', ['anna', 'pw']],
])('the end of input where %s of a new user is asked for is exit 5', async (_, typed) => {
  const { server } = await startFixture();
  const { console, exit } = startClient(server.port, { isNewUser: true });
  console.type(...typed);
  console.end();
  expect(await exit).toBe(5);
});

test('RST asks for the old password and twice for the new one, none of them shown', async () => {
  const { server } = await startFixture();
  const { console, exit } = await enterClient(server.port, 'jess');
  console.type('RST', 'wrong', 'new', 'new', 'rst', 'jess-pw', 'new', 'nEw');
  console.type('RST', 'jess-pw', 'n w', 'n w', 'RST', 'jess-pw', 'new', 'new', 'RST x', 'OUT');
  expect(await exit).toBe(0);
  const prompts = ['Old password: ', 'New password: ', 'New password again: '];
  expect(console.rest()).toEqual([
    ...prompts,
    'Invalid Password',
    ...prompts,
    'The two passwords differ.',
    ...prompts,
    'A password has 1 to 512 characters and no spaces or control characters.',
    ...prompts,
    'Your password has been changed.',
    'Nothing may stand behind it. Usage: RST',
    'Bye, jess!',
  ]);
  expect(console.hiddenPrompts).toHaveLength(1 + 4 * prompts.length);
  const again = startClient(server.port);
  again.console.type('jess', 'jess-pw', 'jess', 'new', 'OUT');
  expect(await again.exit).toBe(0);
  expect(again.console.rest()).toContain('Invalid Password');
});

test('the end of input in the middle of RST means OUT, a signal ends the session', async () => {
  const { server } = await startFixture();
  const jess = await enterClient(server.port, 'jess');
  jess.console.type('RST', 'jess-pw');
  jess.console.end();
  expect(await jess.exit).toBe(0);
  expect(jess.console.rest().at(-1)).toBe('Bye, jess!');
  const derek = await enterClient(server.port, 'derek');
  derek.console.type('RST');
  await derek.console.shown('Old password: ');
  derek.client.stop('interrupted');
  expect(await derek.exit).toBe(130);
});

test('news that arrive during RST are shown', async () => {
  const { server, enter } = await startFixture();
  const jess = await enterClient(server.port, 'jess');
  const derek = await enter('derek');
  jess.console.type('RST', 'jess-pw');
  await jess.console.shown('New password: ');
  await derek.ask('post', { text: 'hello' });
  expect(await jess.console.shown('hello')).toEqual([
    '#1, derek: "hello", posted at 25 Apr 2021 05:26:30.',
  ]);
  jess.console.type('new', 'new', 'OUT');
  expect(await jess.exit).toBe(0);
});
