import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/chat/io/clock.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { changedProgram, lingering } from './changed-program.ts';
import { ClientProcess } from './client-process.ts';
import { sparseFile } from './sample-files.ts';

test('a UDP port in use is one line that says what to do, exit 1, and no login is asked for', async () => {
  const { server, log } = await startFixture();
  const other = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const udpPort = other.address().port;
  const client = new ClientProcess(server.port, { udpPort });
  expect(await client.exit).toBe(1);
  expect(client.out).toEqual(['Successfully connected to server']);
  expect(client.errors).toEqual([
    `cannot use UDP port ${udpPort} on 127.0.0.1: another program uses it. ` +
      'Choose another port; 0 takes a free one.',
  ]);
  expect(log).toEqual([]);
});

test('a server that nobody runs is one line on stderr, exit 6', async () => {
  // A port of the system's own, which no program is given by chance.
  const client = new ClientProcess(1);
  expect(await client.exit).toBe(6);
  expect(client.out).toEqual([]);
  expect(client.errors).toHaveLength(1);
  expect(client.errors[0]).toMatch(/^Cannot reach the chat server at 127\.0\.0\.1:1 /);
});

test('what listens there and is no updraft server is one line on stderr, exit 6', async () => {
  const other = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const client = new ClientProcess(port);
  expect(await client.exit).toBe(6);
  expect(client.errors).toEqual([
    `Cannot reach the chat server at 127.0.0.1:${port} (what answers there is not an updraft server). ` +
      'Check the address and the port, and that the server is running.',
  ]);
});

test('a server that is killed while somebody is asked for a name is one line on stderr, exit 6', async () => {
  const { server } = await startFixture();
  const client = new ClientProcess(server.port);
  await client.see('Username: ');
  await server.close();
  expect(await client.exit).toBe(6);
  expect(client.errors).toEqual(['The server is stopping.']);
});

test('when whoever read the output is gone, what was asked for is still done', async () => {
  const { server, read } = await startFixture();
  const client = await ClientProcess.enter(server.port, 'jess');
  client.child.stdout!.destroy();
  client.child.stderr!.destroy();
  client.type('MSG one', 'MSG two', 'HLP');
  client.end();
  expect(await client.exit).toBe(0);
  expect(read('messagelog.txt').split('\n')).toHaveLength(3);
});

test.each([
  ['sender', 'SIGINT', 'SIGTERM', 143],
  ['receiver', 'SIGTERM', 'SIGINT', 130],
] as const)(
  'the first signal to the %s cancels and waits for the peer, the second one leaves at once: %s, then %s is %d',
  async (side, first, second, code) => {
    const { server } = await startFixture({ clock: systemClock });
    const program = changedProgram(...lingering);
    const [jess, derek] = await Promise.all([
      ClientProcess.enter(server.port, 'jess', { program }),
      ClientProcess.enter(server.port, 'derek', { program, flags: ['--window', '1'] }),
    ]);
    const path = sparseFile(temporaryFolder(), 'film', 1_000_000_000);
    derek.type(`UPD jess ${path}`);
    await jess.warned('film from derek: receiving');
    const [leaving, peer] = side === 'sender' ? [derek, jess] : [jess, derek];
    // A peer that is stopped answers nothing, so there is something to wait for.
    peer.child.kill('SIGSTOP');
    leaving.child.kill(first);
    await leaving.see(`cancelled by the ${side}.`);
    leaving.child.kill(second);
    expect(await leaving.exit).toBe(code);
    peer.child.kill('SIGKILL');
    const left = readdirSync(jess.inbox).filter((name) => !name.includes('.part'));
    expect(left).toEqual([]);
  },
);
