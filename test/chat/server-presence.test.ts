import { expect, test } from 'vitest';
import { RawClient } from './raw-client.ts';
import { startFixture } from './server-fixture.ts';

test('a client that answers no ping is gone 15 s after its last frame, one that answers stays', async () => {
  const { enter, clock, read, log } = await startFixture();
  const jess = await enter('jess');
  const silent = await enter('derek');
  silent.answersPings = false;
  for (const seconds of [5, 10]) {
    clock.advance(5_000);
    await jess.next('ping');
    await jess.ask('users'); // its pong came before this, so the server has seen it
    expect(read('userlog.txt'), `${seconds} s`).toContain('derek');
  }
  clock.advance(4_500);
  await jess.ask('users');
  expect(read('userlog.txt')).toContain('derek');
  clock.advance(500);
  expect(await jess.next('left')).toEqual({ type: 'left', body: { user: 'derek' } });
  expect(read('userlog.txt')).toBe('1; 25 Apr 2021 05:26:30; jess; 127.0.0.1; 6000\n');
  await silent.closed;
  expect(log.at(-1)).toBe('gone silent; derek; 127.0.0.1');
});

test('a connection that makes no attempt to log in for 60 s is told and closed', async () => {
  const { connect, clock } = await startFixture();
  const client = await connect();
  await client.login('nobody', 'x');
  for (let seconds = 0; seconds < 60; seconds += 5) {
    clock.advance(5_000);
    if (seconds < 55) await client.ask('users');
  }
  expect(await client.next('ended')).toEqual({ type: 'ended', body: { reason: 'idle' } });
  await client.closed;
});

test('stopping tells every client, empties userlog.txt and leaves no socket behind', async () => {
  const { connect, enter, server, read } = await startFixture();
  const clients = [await enter('jess'), await enter('derek'), await connect()];
  await clients[0]!.ask('post', { text: 'bye' });
  await clients[2]!.ask('users');
  await server.close();
  for (const client of clients) {
    expect(await client.next('ended')).toEqual({ type: 'ended', body: { reason: 'stopping' } });
    await client.closed;
  }
  expect(read('userlog.txt')).toBe('');
  expect(read('messagelog.txt')).toContain('; bye; no\n');
});

test('an IPv4 client that came through an IPv6 socket has an IPv4 address', async () => {
  const { server, read } = await startFixture({ host: '::' });
  const jess = await RawClient.connect(server.port);
  await jess.login('jess', 'jess-pw');
  expect(read('userlog.txt')).toBe('1; 25 Apr 2021 05:26:30; jess; 127.0.0.1; 6000\n');
});
