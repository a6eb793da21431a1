import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandHelp } from '../../src/chat/core/command.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { TEST_FINGERPRINT } from '../chat/test-key.ts';
import { ClientProcess } from './client-process.ts';

const PROMPTS = ['Username: ', 'Password: '];
const NOW = '25 Apr 2021 05:26:30';

test('lines piped all at once are tried one login after the other, each with its own answer', async () => {
  const { server } = await startFixture();
  const client = new ClientProcess(server.port);
  const long = 'x'.repeat(100_000);
  client.end(
    `nobody\nx\nJESS\njess-pw\njess\nwrong\njess\n${long}\njess\njess-pw\nOUT\nMSG late\n`,
  );
  expect(await client.exit).toBe(0);
  expect(client.out).toEqual([
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
    'Welcome to updraft, jess!',
    ...commandHelp,
    'no other active user',
    'Bye, jess!',
  ]);
  expect(client.errors).toEqual([]);
});

test('the Nth wrong password over two processes answers with the block, exit 5, and so does the next process', async () => {
  const { server, clock } = await startFixture({ allowedFailures: 2 });
  const blocked = 'Your account is blocked due to multiple login failures. Please try again later';
  const first = new ClientProcess(server.port);
  first.type('jess', 'wrong');
  await first.see('Invalid Password');
  const second = new ClientProcess(server.port);
  second.type('jess', 'wrong', 'jess', 'jess-pw');
  expect(await second.exit).toBe(5);
  expect(second.out).toEqual(['Successfully connected to server', ...PROMPTS, blocked]);
  first.type('jess', 'jess-pw');
  expect(await first.exit).toBe(5);
  expect(first.out.at(-1)).toBe(blocked);
  clock.advance(10_000);
  await ClientProcess.enter(server.port, 'jess');
});

test.each([
  ['the username', ''],
  ['the password', 'jess\n'],
  ['the username, once more,', 'jess\nwrong\n'],
])('the end of input at the prompt for %s is exit 5', async (_, typed) => {
  const { server, read } = await startFixture();
  const client = new ClientProcess(server.port);
  client.end(typed);
  expect(await client.exit).toBe(5);
  expect(client.errors).toEqual([]);
  expect(read('userlog.txt')).toBe('');
});

test('a second login takes over: the first process says so and exits with 5, the second goes on', async () => {
  const { server, read } = await startFixture();
  const first = await ClientProcess.enter(server.port, 'jess');
  const second = await ClientProcess.enter(server.port, 'jess', { flags: ['--queue', '1'] });
  expect(await first.exit).toBe(5);
  expect(first.out.at(-1)).toBe('You have logged in elsewhere.');
  expect(read('userlog.txt')).toMatch(new RegExp(`^1; ${NOW}; jess; 127\\.0\\.0\\.1; \\d+\n$`));
  second.type('MSG still here');
  await second.see('Message #1 posted at');
});

test('--register makes a user, with the prompts on stdout and nothing on stderr', async () => {
  const { server, read } = await startFixture();
  const client = new ClientProcess(server.port, { flags: ['--register'] });
  client.end('anna\nsecret\nsecret\nOUT\n');
  expect(await client.exit).toBe(0);
  expect(client.out.slice(0, 5)).toEqual([
    'Successfully connected to server',
    'New username: ',
    'New password: ',
    'New password again: ',
    'Welcome to updraft, anna!',
  ]);
  expect(client.errors).toEqual([]);
  expect(read('credentials.txt')).toMatch(/\nanna \$scrypt\$\S+\n$/);
});

test('the first process to meet a server pins its key with one line, a later one refuses another key', async () => {
  const { server } = await startFixture();
  const stateHome = temporaryFolder();
  const options = { stateHome, trustsAtFirst: true };
  const first = await ClientProcess.enter(server.port, 'jess', options);
  first.end();
  expect(await first.exit).toBe(0);
  const where = `127.0.0.1:${server.port}`;
  expect(first.errors).toEqual([
    `First connection to ${where}: its key ${TEST_FINGERPRINT} is trusted from now on.`,
  ]);
  const kept = join(stateHome, 'updraft', 'servers', `127.0.0.1_${server.port}`);
  expect(readFileSync(kept, 'utf8')).toBe(`${TEST_FINGERPRINT}\n`);
  writeFileSync(kept, `SHA256:${'A'.repeat(43)}\n`);
  const second = new ClientProcess(server.port, options);
  second.type('jess', 'jess-pw');
  expect(await second.exit).toBe(5);
  expect(second.out).toEqual([]);
  expect(second.errors).toHaveLength(1);
  expect(second.errors[0]).toContain(`connect once with --fingerprint ${TEST_FINGERPRINT}.`);
  const third = await ClientProcess.enter(server.port, 'jess', { stateHome });
  third.end();
  expect(await third.exit).toBe(0);
  expect(third.errors).toEqual([]);
});
