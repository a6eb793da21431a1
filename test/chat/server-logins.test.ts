import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startServer } from '../../src/chat/server.ts';
import type { RawClient } from './raw-client.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';

/** The reason of the refusal, or the type of another answer. */
async function outcome(client: RawClient, user: string, password: string): Promise<string> {
  const answer = await client.login(user, password);
  return answer.type === 'refused' ? answer.body.reason : answer.type;
}

test('an unknown user, a wrong password and a right one are told apart', async () => {
  const { connect, log } = await startFixture();
  const client = await connect();
  expect(await outcome(client, 'nobody', 'x')).toBe('unknown-user');
  expect(await outcome(client, 'JESS', 'jess-pw')).toBe('unknown-user');
  expect(await outcome(client, 'a b\u001b'.repeat(20), 'x')).toBe('unknown-user');
  expect(await outcome(client, 'jess', 'x'.repeat(3_000))).toBe('wrong-password');
  expect(await outcome(client, 'jess', 'jess-pw')).toBe('welcome');
  expect(log[0]).toBe('refused: unknown-user; nobody; 127.0.0.1');
  expect(log.join('')).not.toContain('\u001b');
  expect(log.join('')).not.toContain('jess-pw');
});

test('the Nth failure in a row over all connections blocks the user from that address only', async () => {
  const { connect, clock } = await startFixture();
  const first = await connect();
  expect(await outcome(first, 'jess', 'bad')).toBe('wrong-password');
  expect(await outcome(await connect(), 'jess', 'bad')).toBe('wrong-password');
  expect(await outcome(await connect(), 'jess', 'bad')).toBe('blocked');
  expect(await outcome(first, 'jess', 'jess-pw')).toBe('blocked');
  // Neither another user there nor the same user from elsewhere is blocked.
  expect(await outcome(await connect(), 'derek', 'derek-pw')).toBe('welcome');
  expect(await outcome(await connect('127.0.0.2'), 'jess', 'jess-pw')).toBe('welcome');
  clock.advance(9_999);
  expect(await outcome(await connect(), 'jess', 'jess-pw')).toBe('blocked');
  clock.advance(1);
  const again = await connect();
  expect(await outcome(again, 'jess', 'bad')).toBe('wrong-password');
  expect(await outcome(again, 'jess', 'jess-pw')).toBe('welcome');
});

test('a right password sets the count of failures back', async () => {
  const { connect } = await startFixture({ allowedFailures: 2 });
  for (let round = 0; round < 3; round += 1) {
    const client = await connect();
    expect(await outcome(client, 'jess', 'bad')).toBe('wrong-password');
    expect(await outcome(client, 'jess', 'jess-pw')).toBe('welcome');
  }
});

test('ten connections that guess at once get no more guesses than one', async () => {
  const { connect } = await startFixture();
  const clients = await Promise.all(Array.from({ length: 10 }, () => connect()));
  const outcomes = await Promise.all(clients.map((client) => outcome(client, 'jess', 'bad')));
  expect(outcomes.filter((reason) => reason === 'wrong-password')).toHaveLength(2);
  expect(outcomes.filter((reason) => reason === 'blocked')).toHaveLength(8);
});

test('the first login turns a plain password into a hash and leaves every other byte alone', async () => {
  const before = '\r\n jess\tjess-pw \r\nderek derek-pw\n\nsteve steve-pw';
  const { enter, read, dir, log } = await startFixture({}, before);
  await enter('jess');
  const after = read('credentials.txt');
  const [, hash] = /jess\t(\S+) \r\n/.exec(after)!;
  expect(hash).toMatch(/^\$scrypt\$ln=4,r=8,p=1\$/);
  expect(after).toBe(before.replace('jess-pw', hash!));
  await Promise.all([enter('derek'), enter('steve')]);
  const last = read('credentials.txt');
  expect(last.match(/\$scrypt\$/g)).toHaveLength(3);
  expect(last).not.toContain('-pw');
  expect(log.filter((line) => line.includes('cannot'))).toEqual([]);
  // The hashes are what a server reads that is started on that file.
  const second = await startFixture({}, last);
  expect(await outcome(await second.connect(), 'jess', 'jess')).toBe('wrong-password');
  await second.enter('jess');
  expect(second.read('credentials.txt')).toBe(last);
  expect(statSync(join(dir, 'credentials.txt')).mode & 0o777).toBe(
    statSync(join(second.dir, 'credentials.txt')).mode & 0o777,
  );
});

test('a line that somebody edits while the server runs is not overwritten', async () => {
  const { enter, read, dir } = await startFixture();
  const edited = 'derek derek-pw\njess new-word\nanna anna-pw\n';
  writeFileSync(join(dir, 'credentials.txt'), edited);
  await enter('jess');
  expect(read('credentials.txt')).toBe(edited);
});

test('a second login takes over: the older session is told and closed, everybody else learns it', async () => {
  const { connect, enter, read } = await startFixture();
  const derek = await enter('derek');
  const older = await enter('jess');
  await derek.next('joined');
  const newer = await connect('127.0.0.2');
  expect(await newer.login('jess', 'jess-pw', 6001)).toMatchObject({
    type: 'welcome',
    body: { users: [{ user: 'derek' }] },
  });
  expect(await older.next('ended')).toEqual({ type: 'ended', body: { reason: 'replaced' } });
  await older.closed;
  await derek.next('left');
  expect(await derek.next('joined')).toMatchObject({ body: { address: '127.0.0.2' } });
  expect(read('userlog.txt')).toMatch(/^1; [^;]*; derek; .*\n2; [^;]*; jess; 127.0.0.2; 6001\n$/);
  expect(await newer.ask('users')).toMatchObject({ body: { users: [{ user: 'derek' }] } });
});

test('a server stops before it listens or empties a file when credentials.txt is wrong', async () => {
  const dir = temporaryFolder();
  const start = (): Promise<unknown> =>
    startServer({ host: '127.0.0.1', port: 0, dir, allowedFailures: 3, blockMs: 1 });
  const file = join(dir, 'credentials.txt');
  await expect(start()).rejects.toThrow(`${file}: no such file`);
  writeFileSync(file, 'jess pw\n\nderek $scrypt$broken\n');
  writeFileSync(join(dir, 'userlog.txt'), 'kept');
  await expect(start()).rejects.toThrow(`${file}:3: the stored password hash does not parse`);
  expect(statSync(join(dir, 'userlog.txt')).size).toBe(4);
});

test('a port that another server has is one clear error, and that server keeps its log files', async () => {
  const { server, dir, enter, read } = await startFixture();
  await enter('jess');
  const { port } = server;
  const second = startServer({ host: '127.0.0.1', port, dir, allowedFailures: 3, blockMs: 1 });
  await expect(second).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the port is already in use`,
  );
  expect(read('userlog.txt')).toContain('jess');
});
