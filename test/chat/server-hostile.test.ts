import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { MAX_UNNAMED_PER_NETWORK } from '../../src/chat/core/session-table.ts';
import { REQUEST_BURST } from '../../src/chat/io/client-connection.ts';
import { HANDSHAKES_PER_SEC } from '../../src/chat/io/listener.ts';
import type { RawClient } from './raw-client.ts';
import { startFixture } from './server-fixture.ts';

/** Bytes without a pattern, the same in every run. */
const noise = Buffer.concat(
  Array.from({ length: 64 }, (_, index) => createHash('sha256').update(`${index}`).digest()),
);

test.each([
  ['noise', noise, /sent a line that is not JSON/],
  ['a line of 1 MB', Buffer.alloc(1_000_000, 'a'), /sent a line that is too long/],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /sent a line that is not JSON/],
  ['an unknown type', Buffer.from('{"type":"shutdown","body":{}}\n'), /is no frame/],
  ['a missing field', Buffer.from('{"type":"post","body":{"request":1}}\n'), /is no frame/],
  ['a prototype', Buffer.from('{"type":"__proto__","body":{}}\n'), /is no frame/],
  ['deep nesting', Buffer.from(`${'['.repeat(4_000)}\n`), /is not JSON/],
  ['broken UTF-8', Buffer.from([0x22, 0xff, 0x22, 0x0a]), /is not JSON/],
])('%s closes that connection with one log line and no other', async (_, bytes, event) => {
  const { connect, enter, log } = await startFixture();
  const jess = await enter('jess');
  const lineCount = log.length;
  const bad = await connect();
  bad.socket.write(bytes);
  if (!bytes.includes(0x0a)) bad.socket.write('\n');
  await bad.closed;
  expect(bad.inbox).toEqual([]);
  expect(await jess.ask('post', { text: 'still here' })).toMatchObject({ type: 'done' });
  expect(log.slice(lineCount, -1)).toEqual([expect.stringMatching(event)]);
});

test('a frame of 64 KiB passes after login, a byte more does not', async () => {
  const { enter } = await startFixture();
  const jess = await enter('jess');
  const frame = `{"type":"users","body":{"request":9},"x":"${'x'.repeat(65_536)}`.slice(0, 65_533);
  jess.socket.write(`${frame}"}\n`);
  await jess.next('users');
  jess.socket.write(`${frame}x"}\n`);
  await jess.closed;
});

test('before login a frame over 4 KiB is refused', async () => {
  const { connect } = await startFixture();
  const client = await connect();
  client.send({ type: 'users', body: { request: 1 }, x: 'x'.repeat(4_096) });
  await client.closed;
});

test('clients that only connect keep nobody out and delay no command', async () => {
  const { clock, connect, enter } = await startFixture();
  const jess = await enter('jess');
  const extraCount = 10;
  const idle: RawClient[] = [];
  while (idle.length < MAX_UNNAMED_PER_NETWORK + extraCount) {
    clock.advance(1_000 / HANDSHAKES_PER_SEC);
    idle.push(await connect());
  }
  expect(await jess.ask('post', { text: 'hello' })).toMatchObject({ type: 'done' });
  await enter('derek');
  await enter('steve', '127.0.0.2');
  // The oldest made room. The newcomers that logged in do not count.
  await idle[0]!.closed;
  expect(idle[0]!.inbox).toEqual([{ type: 'ended', body: { reason: 'idle' } }]);
  await idle[extraCount]!.closed; // for derek
  const kept = idle[extraCount + 1]!;
  expect(await kept.ask('users')).toMatchObject({ body: { reason: 'not-logged-in' } });
});

test('a client that reads nothing is cut off before a mebibyte waits for it', async () => {
  const { enter, log, clock, read } = await startFixture();
  const jess = await enter('jess');
  const slow = await enter('derek');
  slow.answersPings = false;
  slow.socket.pause();
  const text = 'x'.repeat(4_096);
  // What the kernel's buffers take comes first, so the number of posts is not exact.
  for (let count = 0; count < 5_000 && read('userlog.txt').includes('derek'); count += 1) {
    await jess.ask('post', { text });
    clock.advance(100);
    slow.socket.pause();
    // Only its speed may end it here, not its silence.
    slow.send({ type: 'pong', body: {} });
  }
  expect(log.filter((line) => line.includes('derek'))).toEqual([
    'logged in; derek; 127.0.0.1',
    'reads too slowly; derek; 127.0.0.1',
  ]);
  expect(await jess.ask('users')).toMatchObject({ body: { users: [] } });
});

test('who reads a long answer slowly may take longer than 15 s, who takes none of it is cut off', async () => {
  const { enter, clock, log } = await startFixture();
  const jess = await enter('jess');
  for (let count = 0; count < 2_000; count += 1) {
    const answered = jess.ask('post', { text: 'é'.repeat(4_000) });
    clock.advance(200);
    await answered;
  }
  const readers = [await enter('derek'), await enter('steve')] as const;
  for (const reader of readers) {
    reader.answersPings = false;
    reader.socket.pause();
    reader.post('read', { since: '01 Jan 2000 00:00:00' });
  }
  const [derek, steve] = readers;
  let messageCount = 0;
  for (let more = true, pageCount = 0; more; pageCount += 1) {
    steve.socket.resume();
    const { body } = await steve.next('messages');
    more = body.more;
    messageCount += body.messages.length;
    if (pageCount % 10 > 0) continue;
    steve.socket.pause();
    clock.advance(500);
    await jess.ask('users');
  }
  expect(messageCount).toBe(2_000);
  expect(log.filter((line) => /derek|steve/.test(line))).toEqual([
    'logged in; derek; 127.0.0.1',
    'logged in; steve; 127.0.0.1',
    'reads too slowly; derek; 127.0.0.1',
  ]);
  derek.socket.resume();
  await derek.closed;
});

test('pasted requests beyond the burst are slowed, not refused, and nobody else waits', async () => {
  const { enter, clock } = await startFixture();
  const jess = await enter('jess');
  const derek = await enter('derek');
  const pasted = REQUEST_BURST + 50;
  for (let count = 0; count < pasted; count += 1) jess.post('users');
  // The login was a request too, and each frame costs a little for its bytes.
  await jess.until(({ body }) => 'request' in body && body.request >= REQUEST_BURST / 2);
  expect(await derek.ask('post', { text: 'not delayed' })).toMatchObject({ type: 'done' });
  const last = jess.until(({ body }) => 'request' in body && body.request === pasted + 1);
  await jess.next('posted');
  expect(jess.inbox.at(-1)).toMatchObject({ body: { request: expect.any(Number) as number } });
  const answeredAtOnce = jess.inbox.filter(({ type }) => type === 'users').length;
  expect(answeredAtOnce).toBeLessThanOrEqual(REQUEST_BURST);
  for (let count = 0; count < 100; count += 1) {
    clock.advance(50);
    await derek.ask('users');
  }
  expect(await last).toMatchObject({ type: 'users' });
});
