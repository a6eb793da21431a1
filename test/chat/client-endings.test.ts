import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PRESENCE_TIMEOUT_MS } from '../../src/chat/core/protocol.ts';
import type { UpdEvent } from '../../src/report/events.ts';
import { enterClient, openLink, startClient, type ClientFixture } from './client-fixture.ts';
import { ScriptedConsole } from './scripted-console.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';
import { tlsServer } from './tls-server.ts';

/** Of the system's own: no program is given it by chance, as one that was just free. */
const NOBODY_PORT = 1;

/** jess, who sends a file to derek that is on its way. */
async function sending(port: number, console = new ScriptedConsole()): Promise<ClientFixture> {
  await enterClient(port, 'derek');
  const jess = await enterClient(port, 'jess', { queue: 1 }, console);
  const path = join(temporaryFolder(), 'a.txt');
  writeFileSync(path, 'content');
  jess.console.type(`UPD derek ${path} ${path}`);
  await jess.endpoint().sends(1);
  return jess;
}

const DELIVERED = 'a.txt has been delivered to derek (7 B in 0.0 s, 7.0 kB/s).';
const CANCELLED = 'a.txt could not be delivered to derek: cancelled.';

test('on a pipe OUT waits for what is sent, what waits to be sent, and what comes in', async () => {
  const { server, enter, log } = await startFixture();
  const { console, endpoint, exit } = await sending(server.port);
  const incoming = endpoint().receive('derek', 'b.txt', 5);
  console.type('OUT');
  (await endpoint().sends(1))[0]!.finish(7, 1);
  (await endpoint().sends(2))[1]!.finish(7, 1);
  expect(await console.shown('delivered')).toEqual([DELIVERED]);
  expect(await console.shown('delivered')).toEqual([DELIVERED]);
  // Long enough for a logout to reach the server, had it been sent.
  await enter('steve');
  expect(log).not.toContain('logged out; jess; 127.0.0.1');
  expect(console.rest()).toEqual([]);
  incoming.finish(5, 1, 'derek_b.txt');
  expect(await exit).toBe(0);
  expect(console.rest()).toEqual([
    'Received b.txt from derek (5 B, stored as derek_b.txt).',
    'Bye, jess!',
  ]);
});

test('a server that does not answer the logout is left all the same', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let onLogout = (): void => undefined;
  const isLoggingOut = new Promise<void>((resolve) => (onLogout = resolve));
  const port = await tlsServer((socket) => {
    const welcome = { type: 'welcome', body: { request: 1, user: 'jess', users: [], more: false } };
    socket.once('data', () => {
      socket.write(`${JSON.stringify(welcome)}\n`);
      socket.once('data', onLogout);
    });
  });
  const { console, exit } = startClient(port);
  console.type('jess', 'jess-pw', 'OUT');
  await isLoggingOut;
  vi.advanceTimersByTime(2_000);
  expect(await exit).toBe(0);
  expect(console.rest().at(-1)).toBe('Bye, jess!');
});

test('OUT now aborts: each file that was on its way or waited gets a line', async () => {
  const { server } = await startFixture();
  const { console, endpoint, exit } = await sending(server.port);
  endpoint().receive('derek', 'b.txt', 5);
  console.type('OUT now');
  expect(await exit).toBe(0);
  expect(console.rest().sort()).toEqual(
    ['Bye, jess!', CANCELLED, CANCELLED, 'b.txt from derek was not received: cancelled.'].sort(),
  );
});

test.each([
  ['n', [CANCELLED, CANCELLED]],
  ['', [DELIVERED, DELIVERED]],
])('on a terminal OUT asks; the answer %j decides', async (answer, lines) => {
  const { server } = await startFixture();
  const { console, endpoint, exit } = await sending(server.port, new ScriptedConsole(true));
  console.type('OUT');
  await console.shown('2 transfers are running. Wait for the end? [Y/n] ');
  console.type(answer);
  if (answer === '') {
    (await endpoint().sends(1))[0]!.finish(7, 1);
    (await endpoint().sends(2))[1]!.finish(7, 1);
  }
  expect(await exit).toBe(0);
  expect(console.rest()).toEqual([...lines, 'Bye, jess!']);
});

test.each([
  ['interrupted', 130],
  ['terminated', 143],
] as const)(
  'a session that is %s cancels, tells the server and exits with %d',
  async (why, code) => {
    const { server, log } = await startFixture();
    const { client, console, exit, endpoint } = await sending(server.port);
    client.stop(why);
    expect(await exit).toBe(code);
    expect(console.rest()).toEqual([CANCELLED, CANCELLED]);
    expect(log).toContain('logged out; jess; 127.0.0.1');
    expect(endpoint().isClosed).toBe(true);
  },
);

test('a signal at the login prompt exits with 130', async () => {
  const { server } = await startFixture();
  const { client, console, exit } = startClient(server.port);
  await console.shown('Username: ');
  client.stop('interrupted');
  expect(await exit).toBe(130);
});

test('a signal is heard while OUT waits', async () => {
  const { server } = await startFixture();
  const { client, console, exit } = await sending(server.port);
  console.type('OUT');
  client.stop('interrupted');
  expect(await exit).toBe(130);
  expect(console.rest()).toEqual([CANCELLED, CANCELLED]);
});

test('when the server stops, one line says so, what runs finishes, then exit 6', async () => {
  const { server } = await startFixture();
  const { console, endpoint, exit } = await sending(server.port);
  await server.close();
  await console.warned('The server is stopping.');
  (await endpoint().sends(1))[0]!.finish(7, 1);
  expect(await exit).toBe(6);
  const undelivered = 'a.txt could not be delivered to derek: the server closed the connection.';
  expect(console.rest()).toEqual([DELIVERED, undelivered]);
  expect(console.errors.filter((line) => line.includes('server'))).toHaveLength(1);
});

test('a signal ends the wait after the server was lost', async () => {
  const { server } = await startFixture();
  const { client, console, exit } = await sending(server.port);
  await server.close();
  await console.warned('The server is stopping.');
  client.stop('terminated');
  expect(await exit).toBe(143);
});

test('lines that stand ready when the session ends are not run', async () => {
  const { server } = await startFixture();
  const { client, console, exit } = await enterClient(server.port, 'jess');
  console.type('UPD derek no/such/file', 'HLP', 'OUT');
  client.stop('interrupted'); // while the file is looked for
  expect(await exit).toBe(130);
  expect(console.rest()).toEqual(['no/such/file could not be delivered to derek: no such file.']);
});

test('a command whose answer never comes because the server is gone is not passed over, exit 6', async () => {
  const port = await tlsServer((socket) => {
    const welcome = { type: 'welcome', body: { request: 1, user: 'jess', users: [], more: false } };
    socket.once('data', () => {
      socket.write(`${JSON.stringify(welcome)}\n`);
      socket.once('data', () => socket.destroy());
    });
  });
  const { console, exit } = startClient(port);
  console.type('jess', 'jess-pw', 'MSG lost', 'HLP', 'OUT');
  expect(await exit).toBe(6);
  expect(console.rest().at(-1)).toBe('no other active user');
  expect(console.errors).toEqual([
    expect.stringMatching(/^The connection to the server was lost: /),
  ]);
});

test('a session that a second login replaces says so and exits with 5', async () => {
  const { server } = await startFixture();
  const first = await enterClient(server.port, 'jess');
  await enterClient(server.port, 'jess');
  expect(await first.exit).toBe(5);
  expect(first.console.rest()).toEqual(['You have logged in elsewhere.']);
});

test('a server that cannot be reached is one line that says what to check, and one event, exit 6', async () => {
  const events: UpdEvent[] = [];
  const { console, exit } = startClient(NOBODY_PORT, { onEvent: (event) => events.push(event) });
  expect(await exit).toBe(6);
  expect(events).toMatchObject([
    { t: 'error', code: 'unanswered', exit: 6, message: console.errors[0] },
  ]);
  expect(console.errors).toEqual([
    'Cannot reach the chat server at 127.0.0.1:1 (connect ECONNREFUSED 127.0.0.1:1). ' +
      'Check the address and the port, and that the server is running.',
  ]);
  expect(console.rest()).toEqual([]);
});

test.each([
  ['HTTP/1.1 400 Bad Request\r\n\r\n', 'what answers there is not an updraft server'],
  ['{"type":"welcome","body":{"request":1}}\n', 'what answers there is not an updraft server'],
  ['x'.repeat(70_000), 'what answers there is not an updraft server'],
  ['{"type":"done","body":{"request":1,"number":1,"time":""}}\n', 'it answers out of order'],
])('an answer that is none ends the client with one line: %.20j', async (bytes, reason) => {
  const port = await tlsServer((socket) => {
    socket.once('data', () => socket.write(bytes));
  });
  const { console, exit } = startClient(port);
  console.type('jess', 'jess-pw');
  expect(await exit).toBe(6);
  expect(console.errors).toEqual([`The connection to the server was lost: ${reason}.`]);
});

test('a server that closes before the endpoint stands is noticed all the same', async () => {
  const port = await tlsServer((socket) => {
    socket.end();
  });
  const link = await openLink(port);
  await expect(link.request({ type: 'users', body: {} })).rejects.toThrow('closed');
  let told = '';
  link.listen({
    onNews: () => undefined,
    onEnd: (error) => {
      told = error.message;
    },
  });
  expect(told).toBe('the server closed the connection');
});

test('a server that falls silent is given up after its time, whatever the client sends meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const port = await tlsServer((socket) => void socket.resume());
  const link = await openLink(port);
  const ends: string[] = [];
  link.listen({ onNews: () => undefined, onEnd: (error) => ends.push(error.message) });
  vi.advanceTimersByTime(PRESENCE_TIMEOUT_MS - 1);
  link.request({ type: 'users', body: {} }).catch(() => undefined);
  expect(ends).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ends).toEqual(['the server fell silent']);
});

test('a ping is answered with a pong and counts as a sign of life', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let arrive: (socket: Socket) => void = () => undefined;
  const arrival = new Promise<Socket>((resolve) => (arrive = resolve));
  const link = await openLink(await tlsServer(arrive));
  const server = await arrival;
  const ends: string[] = [];
  link.listen({ onNews: () => undefined, onEnd: (error) => ends.push(error.message) });
  vi.advanceTimersByTime(PRESENCE_TIMEOUT_MS - 1);
  server.write('{"type":"ping","body":{}}\n');
  const [pong] = (await once(server, 'data')) as [Buffer];
  expect(pong.toString()).toBe('{"type":"pong","body":{}}\n');
  vi.advanceTimersByTime(PRESENCE_TIMEOUT_MS - 1);
  expect(ends).toEqual([]);
  link.close();
});
