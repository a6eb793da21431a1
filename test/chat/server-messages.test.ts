import { expect, test } from 'vitest';
import { startFixture } from './server-fixture.ts';
import { PUBLIC_KEY } from './raw-client.ts';

const START = '25 Apr 2021 05:26:30';

test('both log files are emptied at start', async () => {
  const { read } = await startFixture();
  expect(read('userlog.txt')).toBe('');
  expect(read('messagelog.txt')).toBe('');
});

test('userlog.txt holds exactly who is logged in after each login, logout and lost connection', async () => {
  const { connect, enter, read, clock } = await startFixture();
  await enter('jess');
  expect(read('userlog.txt')).toBe(`1; ${START}; jess; 127.0.0.1; 6000\n`);
  clock.advance(1_000);
  const derek = await connect('127.0.0.2');
  expect(await derek.login('derek', 'derek-pw', 7001)).toEqual({
    type: 'welcome',
    body: {
      request: 1,
      user: 'derek',
      users: [{ user: 'jess', address: '127.0.0.1', udpPort: 6000, since: START }],
      more: false,
    },
  });
  const steve = await enter('steve');
  expect(read('userlog.txt')).toBe(
    `1; ${START}; jess; 127.0.0.1; 6000\n` +
      '2; 25 Apr 2021 05:26:31; derek; 127.0.0.2; 7001\n' +
      '3; 25 Apr 2021 05:26:31; steve; 127.0.0.1; 6000\n',
  );
  expect(await derek.ask('logout')).toMatchObject({ type: 'bye' });
  await derek.closed;
  expect(read('userlog.txt')).toBe(
    `1; ${START}; jess; 127.0.0.1; 6000\n2; 25 Apr 2021 05:26:31; steve; 127.0.0.1; 6000\n`,
  );
  const watcher = await enter('derek');
  steve.tcp.resetAndDestroy();
  expect(await watcher.next('left')).toEqual({ type: 'left', body: { user: 'steve' } });
  expect(read('userlog.txt')).toBe(
    `1; ${START}; jess; 127.0.0.1; 6000\n2; 25 Apr 2021 05:26:31; derek; 127.0.0.1; 6000\n`,
  );
});

test('messagelog.txt holds every change at the moment it is confirmed', async () => {
  const { enter, read, clock } = await startFixture();
  const jess = await enter('jess');
  const derek = await enter('derek');
  expect(await jess.ask('post', { text: 'i want; to leave' })).toEqual({
    type: 'done',
    body: { request: 2, number: 1, time: START },
  });
  expect(read('messagelog.txt')).toBe(`1; ${START}; jess; i want; to leave; no\n`);
  expect(await derek.next('posted')).toEqual({
    type: 'posted',
    body: { number: 1, user: 'jess', text: 'i want; to leave', time: START, edited: false },
  });
  clock.advance(2_000);
  await derek.ask('post', { text: 'stay' });
  await derek.ask('post', { text: 'please' });
  expect(read('messagelog.txt')).toBe(
    `1; ${START}; jess; i want; to leave; no\n` +
      '2; 25 Apr 2021 05:26:32; derek; stay; no\n' +
      '3; 25 Apr 2021 05:26:32; derek; please; no\n',
  );
  clock.advance(1_000);
  const edit = { number: 2, time: '25 Apr 2021 05:26:32', text: 'stay!' };
  expect(await derek.ask('edit', edit)).toMatchObject({
    body: { number: 2, time: '25 Apr 2021 05:26:33' },
  });
  expect(await jess.ask('delete', { number: 1, time: START })).toMatchObject({
    type: 'done',
    body: { number: 1, time: '25 Apr 2021 05:26:33' },
  });
  expect(read('messagelog.txt')).toBe(
    '1; 25 Apr 2021 05:26:33; derek; stay!; yes\n2; 25 Apr 2021 05:26:32; derek; please; no\n',
  );
  expect(await jess.ask('read', { since: '25 Apr 2021 05:26:32' })).toMatchObject({
    type: 'messages',
    body: { messages: [{ number: 1, text: 'stay!', edited: true }], more: false },
  });
});

test('a refused request changes neither file, and number, time and author are checked in this order', async () => {
  const { connect, enter, read } = await startFixture();
  const jess = await enter('jess');
  const derek = await enter('derek');
  await jess.ask('post', { text: 'mine' });
  const before = read('messagelog.txt');
  const refusals = [
    ['delete', { number: 2, time: 'x' }, 'no-such-message'],
    ['delete', { number: 0, time: START }, 'no-such-message'],
    ['edit', { number: 1, time: 'x', text: 'y' }, 'wrong-time'],
    ['delete', { number: 1, time: START }, 'not-the-author'],
    ['edit', { number: 1, time: START, text: 'y' }, 'not-the-author'],
    ['post', { text: ' \t ' }, 'empty-text'],
    ['post', { text: 'x'.repeat(4_097) }, 'text-too-long'],
    ['read', { since: '31 Feb 2021 00:00:00' }, 'bad-time'],
    [
      'login',
      { user: 'jess', password: 'jess-pw', udpPort: 1, publicKey: PUBLIC_KEY },
      'already-logged-in',
    ],
    ['introduce', { to: 'derek', purpose: 'files' }, 'yourself'],
    ['introduce', { to: 'steve', purpose: 'files' }, 'not-online'],
  ] as const;
  for (const [type, body, reason] of refusals) {
    expect(await derek.ask(type, body)).toMatchObject({ type: 'refused', body: { reason } });
  }
  const stranger = await connect();
  for (const type of ['users', 'logout']) {
    expect(await stranger.ask(type)).toMatchObject({ body: { reason: 'not-logged-in' } });
  }
  expect(read('messagelog.txt')).toBe(before);
  expect(read('userlog.txt').split('\n')).toHaveLength(3);
});

test('a text with line breaks and escapes stays one harmless line of messagelog.txt', async () => {
  const { enter, read } = await startFixture();
  const jess = await enter('jess');
  await jess.ask('post', { text: 'a\n2; forged\u001b[2J' });
  expect(read('messagelog.txt')).toBe(`1; ${START}; jess; a␊2; forged␛[2J; no\n`);
});

test('an introduction reaches the receiver before the sender, with one key for both, and each with the other’s own', async () => {
  const { connect, enter } = await startFixture();
  const jess = await enter('jess');
  const derek = await connect('127.0.0.2');
  const derekKey = 'de'.repeat(32);
  await derek.login('derek', 'derek-pw', 7001, derekKey);
  const introduced = await jess.ask('introduce', { to: 'derek', purpose: 'message' });
  const { body } = await derek.next('expect');
  expect(body).toMatchObject({ from: 'jess', purpose: 'message' });
  expect(body.key.keyId).toMatch(/^[0-9a-f]{16}$/);
  expect(body.key.secret).toMatch(/^[0-9a-f]{64}$/);
  expect(body.key.peerKey).toBe(PUBLIC_KEY);
  expect(introduced).toEqual({
    type: 'introduced',
    body: {
      request: 2,
      to: 'derek',
      key: { ...body.key, peerKey: derekKey },
      addresses: [{ address: '127.0.0.2', port: 7001 }],
      compares: false,
    },
  });
});

test('who declines an introduction is told on to its sender, once and for one’s own only', async () => {
  const { enter, log } = await startFixture();
  const [jess, derek, steve] = [await enter('jess'), await enter('derek'), await enter('steve')];
  await jess.ask('introduce', { to: 'derek', purpose: 'files' });
  const { body } = await derek.next('expect');
  const { keyId } = body.key;
  await steve.ask('decline', { keyId });
  await derek.ask('decline', { keyId: '00'.repeat(8) });
  expect(log.filter((line) => line.includes('declined'))).toEqual([]);
  expect(await derek.ask('decline', { keyId })).toMatchObject({ type: 'declining' });
  await derek.ask('decline', { keyId });
  expect((await jess.next('declined')).body).toEqual({ keyId });
  await jess.ask('users');
  expect(jess.inbox.filter(({ type }) => type === 'declined')).toEqual([]);
  expect(log.filter((line) => line.includes('declined'))).toHaveLength(1);
});

test('more messages than fit one frame come in several, all of them and in order', async () => {
  const { enter } = await startFixture();
  const jess = await enter('jess');
  for (let index = 0; index < 12; index += 1) {
    await jess.ask('post', { text: `${index} ${'é'.repeat(4_000)}` });
  }
  const request = jess.post('read', { since: '01 Jan 2000 00:00:00' });
  const numbers: number[] = [];
  let frameCount = 0;
  for (let more = true; more; frameCount += 1) {
    const { body } = await jess.next('messages');
    expect(body.request).toBe(request);
    numbers.push(...body.messages.map(({ number }) => number));
    more = body.more;
  }
  expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(frameCount).toBeGreaterThan(1);
});

test('with three users posting and editing at once, every confirmed change stands in the file', async () => {
  const { enter, read } = await startFixture();
  const work = async (user: string): Promise<void> => {
    const client = await enter(user);
    for (let count = 0; count < 40; count += 1) {
      const text = `${user} ${count}`;
      const posted = await client.ask('post', { text });
      if (posted.type !== 'done') throw new Error(JSON.stringify(posted));
      expect(read('messagelog.txt')).toContain(
        `${posted.body.number}; ${START}; ${user}; ${text}; no\n`,
      );
      if (count % 4 > 0) continue;
      const { number } = posted.body;
      await client.ask('edit', { number, time: START, text: `${text} again` });
      expect(read('messagelog.txt')).toContain(
        `${number}; ${START}; ${user}; ${text} again; yes\n`,
      );
    }
  };
  await Promise.all(['jess', 'derek', 'steve'].map(work));
  const numbers = read('messagelog.txt').match(/^\d+(?=;)/gm);
  expect(numbers).toEqual(Array.from({ length: 120 }, (_, index) => `${index + 1}`));
});
