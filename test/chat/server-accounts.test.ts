import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AccountDesk, REGISTRATION_BURST } from '../../src/chat/core/account-desk.ts';
import { Accounts, MAX_USERS } from '../../src/chat/core/accounts.ts';
import { addUser, readCredentials } from '../../src/chat/core/credentials.ts';
import { parseStoredPassword } from '../../src/chat/core/stored-password.ts';
import { REQUEST_BURST } from '../../src/chat/io/client-connection.ts';
import { PUBLIC_KEY, type RawClient } from './raw-client.ts';
import { CREDENTIALS, startFixture } from './server-fixture.ts';

/** The reason of the refusal, or the type of another answer. */
async function outcome(client: RawClient, type: string, body: object): Promise<string> {
  const answer = await client.ask(type, body);
  return answer.type === 'refused' ? answer.body.reason : answer.type;
}

function register(client: RawClient, user: string, password = 'pass'): Promise<string> {
  return outcome(client, 'register', { user, password, udpPort: 6000, publicKey: PUBLIC_KEY });
}

function change(client: RawClient, oldPassword: string, newPassword: string): Promise<string> {
  return outcome(client, 'change-password', { oldPassword, newPassword });
}

async function canEnter(client: RawClient, user: string, password: string): Promise<string> {
  return outcome(client, 'login', { user, password, udpPort: 6000, publicKey: PUBLIC_KEY });
}

test('who registers is logged in at once, stands in the file with a hash, and can come back', async () => {
  const before = 'jess jess-pw\r\n\r\nderek derek-pw';
  const { connect, enter, read, log, dir } = await startFixture({}, before);
  const derek = await enter('derek');
  const lines = read('credentials.txt');
  const mode = statSync(join(dir, 'credentials.txt')).mode;
  const anna = await connect();
  expect(await register(anna, 'Anna.1-x', 'päss$word')).toBe('welcome');
  expect(await derek.next('joined')).toMatchObject({ body: { user: 'Anna.1-x', udpPort: 6000 } });
  expect(await anna.ask('post', { text: 'x'.repeat(4_096) })).toMatchObject({ type: 'done' });
  const after = read('credentials.txt');
  expect(after.startsWith(lines)).toBe(true);
  expect(after.slice(lines.length)).toMatch(/^\r\nAnna\.1-x \$scrypt\$ln=4,r=8,p=1\$\S+\r\n$/);
  expect(statSync(join(dir, 'credentials.txt')).mode).toBe(mode);
  expect(log.filter((line) => line.includes('Anna')).slice(0, 2)).toEqual([
    'registered; Anna.1-x; 127.0.0.1',
    'logged in; Anna.1-x; 127.0.0.1',
  ]);
  expect(await canEnter(await connect(), 'Anna.1-x', 'pässword')).toBe('wrong-password');
  expect(await canEnter(await connect(), 'Anna.1-x', 'päss$word')).toBe('welcome');
  const second = await startFixture({}, after);
  expect(await canEnter(await second.connect(), 'Anna.1-x', 'päss$word')).toBe('welcome');
});

test.each([
  ['bad-name', '', 'pass'],
  ['bad-name', 'a_b', 'pass'],
  ['bad-name', '.x', 'pass'],
  ['bad-name', '-x', 'pass'],
  ['bad-name', 'x y', 'pass'],
  ['bad-name', 'x\n', 'pass'],
  ['bad-name', 'é', 'pass'],
  ['bad-name', 'x'.repeat(33), 'pass'],
  ['name-taken', 'jess', 'pass'],
  ['name-taken', 'JESS', 'pass'],
  ['name-taken', 'REG', 'pass'],
  ['bad-password', 'anna', ''],
  ['bad-password', 'anna', 'a b'],
  ['bad-password', 'anna', 'a\u00a0b'],
  ['bad-password', 'anna', 'a\u001b'],
  ['bad-password', 'anna', 'a\ud800'],
  ['bad-password', 'anna', 'x'.repeat(513)],
])('%s is why the new user %j is refused', async (reason, user, password) => {
  const { connect, read } = await startFixture();
  const client = await connect();
  expect(await register(client, user, password)).toBe(reason);
  expect(read('credentials.txt')).toBe(CREDENTIALS);
  expect(await register(client, 'anna')).toBe('welcome');
});

test('of two who register one name at once, in whatever case, one gets it', async () => {
  const { connect, read } = await startFixture();
  const outcomes = await Promise.all([
    register(await connect(), 'anna'),
    register(await connect('127.0.0.2'), 'ANNA'),
  ]);
  expect(outcomes.sort()).toEqual(['name-taken', 'welcome']);
  expect(read('credentials.txt').match(/anna/gi)).toHaveLength(1);
});

test('one address makes few new users at once and one a minute, others are not held up', async () => {
  const { connect, clock } = await startFixture();
  for (let count = 0; count < REGISTRATION_BURST; count++) {
    expect(await register(await connect(), `new${count}`)).toBe('welcome');
  }
  const client = await connect();
  expect(await register(client, 'anna')).toBe('too-fast');
  expect(await register(await connect('127.0.0.2'), 'bert')).toBe('welcome');
  clock.advance(30_000);
  client.send({ type: 'pong', body: {} });
  expect(await register(await connect(), 'anna')).toBe('too-fast');
  clock.advance(30_000);
  expect(await register(await connect(), 'anna')).toBe('welcome');
});

test('a server that takes no new users says so, and a session makes none', async () => {
  const closed = await startFixture({ takesNewUsers: false });
  expect(await register(await closed.connect(), 'anna')).toBe('no-registration');
  expect(closed.read('credentials.txt')).toBe(CREDENTIALS);
  const open = await startFixture();
  expect(await register(await open.enter('jess'), 'anna')).toBe('already-logged-in');
});

test('a user changes the own password with the old one, and only that word of the file', async () => {
  const before = 'derek derek-pw\n jess\tjess-pw  \r\nsteve steve-pw';
  const { connect, enter, read, log } = await startFixture({}, before);
  const jess = await enter('jess');
  const [, hash] = /jess\t(\S+)/.exec(read('credentials.txt'))!;
  expect(await change(jess, 'jess-pw', 'new word')).toBe('bad-password');
  expect(await change(jess, 'wrong', 'new-word')).toBe('wrong-password');
  expect(read('credentials.txt')).toBe(before.replace('jess-pw', hash!));
  expect(await change(jess, 'jess-pw', 'new-word')).toBe('password-changed');
  const [, newHash] = /jess\t(\S+)/.exec(read('credentials.txt'))!;
  expect(newHash).not.toBe(hash);
  expect(read('credentials.txt')).toBe(before.replace('jess-pw', newHash!));
  expect(log.slice(-2)).toEqual([
    'refused: wrong-password; jess; 127.0.0.1',
    'changed the password; jess; 127.0.0.1',
  ]);
  expect(await jess.ask('users')).toMatchObject({ type: 'users' });
  expect(await canEnter(await connect(), 'jess', 'jess-pw')).toBe('wrong-password');
  expect(await canEnter(await connect(), 'jess', 'new-word')).toBe('welcome');
});

test('wrong old passwords count as at a login: the Nth blocks, but ends no session', async () => {
  const { connect, enter } = await startFixture({ allowedFailures: 2 });
  const jess = await enter('jess');
  expect(await change(jess, 'wrong', 'x')).toBe('wrong-password');
  expect(await change(jess, 'wrong', 'x')).toBe('blocked');
  expect(await change(jess, 'jess-pw', 'x')).toBe('blocked');
  expect(await jess.ask('post', { text: 'still here' })).toMatchObject({ type: 'done' });
  expect(await canEnter(await connect(), 'jess', 'jess-pw')).toBe('blocked');
  expect(await change(await connect(), 'jess-pw', 'x')).toBe('not-logged-in');
});

test('lines that somebody edits while the server runs are not overwritten', async () => {
  const { connect, enter, read, dir } = await startFixture();
  const jess = await enter('jess');
  const edited = 'anna anna-pw\njess by-hand\n';
  writeFileSync(join(dir, 'credentials.txt'), edited);
  expect(await change(jess, 'jess-pw', 'new-word')).toBe('not-saved');
  expect(await register(await connect(), 'Anna')).toBe('name-taken');
  expect(read('credentials.txt')).toBe(edited);
  writeFileSync(join(dir, 'credentials.txt'), 'no line of ours\n');
  expect(await register(await connect(), 'bert')).toBe('name-taken');
  expect(read('credentials.txt')).toBe('no line of ours\n');
});

test('when the file cannot be written nothing has changed, and the name is free again', async () => {
  const { connect, enter, dir, log } = await startFixture();
  const jess = await enter('jess');
  rmSync(join(dir, 'credentials.txt'));
  mkdirSync(join(dir, 'credentials.txt'));
  expect(await change(jess, 'jess-pw', 'new-word')).toBe('not-saved');
  const anna = await connect();
  expect(await register(anna, 'anna')).toBe('not-saved');
  expect(log.filter((line) => line.startsWith('credentials.txt cannot be written'))).toHaveLength(
    2,
  );
  rmSync(join(dir, 'credentials.txt'), { recursive: true });
  writeFileSync(join(dir, 'credentials.txt'), '');
  expect(await register(anna, 'anna')).toBe('welcome');
  expect(await canEnter(await connect(), 'jess', 'jess-pw')).toBe('welcome');
});

test('10,000 wrong logins from one address: others work on, and the user enters from elsewhere', async () => {
  const { connect, enter, clock, read } = await startFixture();
  const derek = await enter('derek', '127.0.0.2');
  // As many as one connection may ask for at once.
  const perConnection = Math.floor(REQUEST_BURST / 1.2);
  const tallies = new Map<string, number>();
  let answeredCount = 0;
  for (let round = 0; answeredCount < 10_000; round++) {
    const guesser = await connect();
    const answers: Promise<string>[] = [];
    for (let count = 0; count < perConnection; count++) {
      const user = count % 10 === 0 ? `nobody${count}` : 'jess';
      answers.push(canEnter(guesser, user, `guess${count}`));
    }
    // In the middle of it:
    expect(await derek.ask('post', { text: `round ${round}` })).toMatchObject({ type: 'done' });
    for (const reason of await Promise.all(answers)) {
      answeredCount++;
      tallies.set(reason, (tallies.get(reason) ?? 0) + 1);
    }
    guesser.socket.destroy();
    clock.advance(200);
  }
  expect([...tallies.keys()].sort()).toEqual(['blocked', 'unknown-user', 'wrong-password']);
  // 10 s of the clock passed: three guesses, a block, and maybe as many again.
  expect(tallies.get('wrong-password')).toBeLessThanOrEqual(4);
  // No delay at an address that the user has not been at, since blocked guesses press nobody.
  expect(await canEnter(await connect('127.0.0.3'), 'jess', 'jess-pw')).toBe('welcome');
  expect(await canEnter(await connect(), 'jess', 'jess-pw')).toBe('blocked');
  expect(read('userlog.txt')).toContain('; jess; 127.0.0.3; 6000\n');
});

test('who does not exist gets the answer after a check like all others', () => {
  const desk = new AccountDesk({
    users: new Map(),
    allowedFailures: 1,
    blockMs: 10_000,
    takesNewUsers: true,
  });
  const origin = { connection: 1, request: 1, user: 'nobody', address: 'a' };
  for (const verdict of ['wrong', 'right'] as const) {
    expect(desk.logIn(origin, 'x', 1, 0)).toMatchObject({ do: 'check-password', delayMs: 0 });
    expect(desk.handleChecked(1, { verdict }, 0)).toEqual([
      expect.objectContaining({ do: 'refuse', reason: 'unknown-user' }),
    ]);
  }
});

test('a server has a bounded number of users', () => {
  const accounts = new Accounts(new Map());
  for (let index = 0; index < MAX_USERS; index++) {
    expect(accounts.reserve(`user${index}`)).toBe(undefined);
  }
  expect(accounts.reserve('another')).toBe('busy');
  accounts.release('user0');
  expect(accounts.reserve('another')).toBe(undefined);
});

const hash = parseStoredPassword(`$scrypt$ln=15,r=8,p=3$${'A'.repeat(22)}$${'b'.repeat(42)}A`)!;

test('a user is added behind all others, whose lines stay as they are to the byte', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$/);
  const line = fc.oneof(
    fc.constantFrom('\n', '\r\n', ' \t\n'),
    fc.tuple(name, fc.constantFrom('\n', '\r\n', ' \r\n')).map(([user, end]) => `${user} pw${end}`),
  );
  fc.assert(
    fc.property(fc.array(line), fc.boolean(), name, (lines, endsInLine, user) => {
      const joined = lines.join('');
      const text = endsInLine ? joined : joined.trimEnd();
      const before = readCredentials(text);
      if ('fault' in before) return; // a name twice
      const added = addUser(text, user, hash);
      const isTaken = [...before.users.keys()].some(
        (other) => other.toLowerCase() === user.toLowerCase(),
      );
      expect(added === undefined).toBe(isTaken);
      if (added === undefined) return;
      expect(added.startsWith(text)).toBe(true);
      const after = readCredentials(added);
      expect('users' in after && [...after.users]).toEqual([...before.users, [user, hash]]);
      expect(added.endsWith('\n')).toBe(true);
    }),
  );
});
