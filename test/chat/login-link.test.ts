import { expect, test } from 'vitest';
import { startClient } from './client-fixture.ts';
import { strangeServer } from './strange-server.ts';

const PROMPTS = ['Username: ', 'Password: '];

test('who is slower at the prompts than the server waits logs in over a new link, and is told nothing', async () => {
  let told = (): void => undefined;
  const isTold = new Promise<void>((resolve) => (told = resolve));
  const port = await strangeServer(
    ({ type, body: { request } }, peer, connection) => {
      if (type === 'logout') peer.send('bye', { request });
      else if (type === 'login' && connection === 2) {
        peer.send('welcome', { request, user: 'jess', users: [], more: false });
      }
    },
    (peer, connection) => {
      if (connection > 1) return;
      peer.socket.once('close', told);
      peer.send('ended', { reason: 'idle' });
      peer.socket.end();
    },
  );
  const { console, exit } = startClient(port);
  await isTold;
  console.type('jess', 'jess-pw', 'OUT');
  expect(await exit).toBe(0);
  expect(console.errors).toEqual([]);
  expect(console.rest().slice(0, 4)).toEqual([
    'Successfully connected to server',
    ...PROMPTS,
    'Welcome to updraft, jess!',
  ]);
});

test('an attempt that was on its way when the server closed is made again, once', async () => {
  let attempts = 0;
  const port = await strangeServer(({ type }, peer) => {
    if (type !== 'login') return;
    attempts++;
    peer.send('ended', { reason: 'idle' });
  });
  const { console, exit } = startClient(port);
  console.type('jess', 'jess-pw');
  expect(await exit).toBe(6);
  expect(attempts).toBe(2);
  expect(console.errors).toEqual([
    'The connection to the server was lost: the connection is closed.',
  ]);
});

test('a server that is gone when a slow person comes back is one line, exit 6', async () => {
  let gone = (): void => undefined;
  const isGone = new Promise<void>((resolve) => (gone = resolve));
  const port = await strangeServer(
    () => undefined,
    (peer, connection) => {
      if (connection > 1) peer.socket.destroy();
      else {
        peer.socket.once('close', gone);
        peer.send('ended', { reason: 'idle' });
      }
    },
  );
  const { console, exit } = startClient(port);
  await isGone;
  console.type('jess', 'jess-pw');
  expect(await exit).toBe(6);
  expect(console.errors).toHaveLength(1);
  expect(console.errors[0]).toMatch(/^The connection to the server was lost: .*\.$/);
});

test('a server that calls a session idle after its login is not believed: one line, exit 6', async () => {
  const port = await strangeServer(({ type, body: { request } }, peer) => {
    if (type !== 'login') return;
    peer.send('welcome', { request, user: 'jess', users: [], more: false });
    peer.send('ended', { reason: 'idle' });
  });
  const { console, exit } = startClient(port);
  console.type('jess', 'jess-pw');
  expect(await exit).toBe(6);
  expect(console.errors).toHaveLength(1);
});
