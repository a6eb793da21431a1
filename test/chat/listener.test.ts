import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { AddressBudget, MAX_BUDGETS } from '../../src/chat/core/address-budget.ts';
import {
  ArrivalTable,
  MAX_ARRIVALS,
  MAX_ARRIVALS_PER_NETWORK,
} from '../../src/chat/core/arrival-table.ts';
import { networkOf } from '../../src/chat/core/network-address.ts';
import { ALPN_PROTOCOL } from '../../src/chat/core/protocol.ts';
import {
  HANDSHAKE_BURST,
  HANDSHAKE_TIMEOUT_MS,
  HANDSHAKES_PER_SEC,
} from '../../src/chat/io/listener.ts';
import { startFixture } from './server-fixture.ts';

/** A connection without TLS. */
async function plainSocket(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

test.each([
  ['a typed line', 'hello\r\n'],
  ['a frame', '{"type":"users","body":{"request":1}}\n'],
  ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['one byte', 'x'],
  ['more than a frame', 'x'.repeat(200_000)],
])('%s without TLS is answered with one line in words, and logged in one', async (_, bytes) => {
  const { server, log, enter } = await startFixture();
  const socket = await plainSocket(server.port);
  socket.write(bytes);
  expect(await text(socket)).toBe('This port takes TLS 1.3 only. Connect with: upd client\n');
  expect(log).toEqual(['refused: no TLS; -; 127.0.0.1']);
  await enter('jess');
});

test.each<[string, ConnectionOptions, string]>([
  ['TLS 1.2', { maxVersion: 'TLSv1.2', ALPNProtocols: [ALPN_PROTOCOL] }, 'no handshake of TLS 1.3'],
  ['TLS for web pages', { ALPNProtocols: ['h2', 'http/1.1'] }, 'no handshake of TLS 1.3'],
  ['TLS for nothing in particular', {}, 'a TLS client of another protocol'],
])('%s is refused before its first byte, and logged in one line', async (_, options, event) => {
  const { server, log, enter } = await startFixture();
  const socket = connectTls({ port: server.port, rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  socket.write('{"type":"users","body":{"request":1}}\n');
  await new Promise((resolve) => socket.once('close', resolve));
  expect(socket.bytesRead).toBeLessThan(5_000); // a handshake at most
  expect(log).toEqual([`refused: ${event}; -; 127.0.0.1`]);
  await enter('jess');
});

test('a handshake that breaks off in the middle leaves nothing, and no line', async () => {
  const { server, log, enter } = await startFixture();
  const socket = await plainSocket(server.port);
  socket.write(Buffer.from([22, 3, 1, 0x02, 0x00, 1, 0, 1, 0xfc]));
  await turn();
  socket.resetAndDestroy();
  await enter('jess');
  expect(log).toEqual(['logged in; jess; 127.0.0.1']);
});

test('no session is resumed: a client that offers one gets a full handshake with the key', async () => {
  const { server } = await startFixture();
  const options = {
    port: server.port,
    rejectUnauthorized: false,
    ALPNProtocols: [ALPN_PROTOCOL],
  };
  const first = connectTls(options);
  const sessions: Buffer[] = [];
  first.on('session', (session) => sessions.push(session));
  first.write('{"type":"users","body":{"request":1}}\n');
  await once(first, 'data'); // whatever the server sends of sessions came before
  first.destroy();
  for (const session of [first.getSession(), ...sessions]) {
    const again = connectTls({ ...options, ...(session ? { session } : {}) });
    await once(again, 'secureConnect');
    expect(again.isSessionReused()).toBe(false);
    expect(again.getPeerX509Certificate()).toBeDefined();
    again.destroy();
  }
});

test.each([
  ['nothing', ''],
  ['the beginning of a handshake', Buffer.from([22, 3, 1, 2, 0])],
])('who says %s for 10 s is closed', async (_, bytes) => {
  const { server, clock, enter, log } = await startFixture();
  const socket = await plainSocket(server.port);
  if (bytes.length > 0) socket.write(bytes);
  let isClosed = false;
  const closed = once(socket.resume(), 'close').then(() => (isClosed = true));
  await enter('jess', '127.0.0.2'); // the socket has been accepted by now
  clock.advance(HANDSHAKE_TIMEOUT_MS - 1);
  for (let turns = 0; turns < 20; turns++) await turn();
  expect(isClosed).toBe(false);
  clock.advance(1);
  await closed;
  expect(log).toEqual(['logged in; jess; 127.0.0.2']);
});

test('1,000 connections that say nothing take no more than their share, and keep nobody out', async () => {
  const { server, enter } = await startFixture();
  const jess = await enter('jess');
  const sockets: Socket[] = [];
  let closedCount = 0;
  for (let count = 0; count < 1_000; count++) {
    const socket = await plainSocket(server.port);
    socket.resume().once('close', () => closedCount++);
    sockets.push(socket);
  }
  // Theirs is the address from which derek comes: the oldest of them makes room.
  await enter('derek');
  expect(await jess.ask('post', { text: 'hello' })).toMatchObject({ type: 'done' });
  while (closedCount < 1_000 - MAX_ARRIVALS_PER_NETWORK + 1) await turn();
  expect(sockets.slice(0, closedCount).every(({ destroyed }) => destroyed)).toBe(true);
  expect(sockets.at(-1)!.destroyed).toBe(false);
});

test('handshakes of one address beyond the burst wait for their turn, those of another do not', async () => {
  const { clock, connect, enter } = await startFixture();
  for (let count = 0; count < HANDSHAKE_BURST; count++) await connect();
  let isIn = false;
  const late = connect().then((client) => {
    isIn = true;
    return client;
  });
  await enter('jess', '127.0.0.2');
  expect(isIn).toBe(false);
  clock.advance(1_000 / HANDSHAKES_PER_SEC);
  expect(await (await late).login('derek', 'derek-pw')).toMatchObject({ type: 'welcome' });
});

test('a server that stops closes also those who have said nothing', async () => {
  const { server, enter } = await startFixture();
  const socket = await plainSocket(server.port);
  await enter('jess');
  const closed = once(socket.resume(), 'close');
  await server.close();
  await closed;
});

test('the table of arrivals makes room: first in the same network, then anywhere', () => {
  const table = new ArrivalTable<{ readonly address: string; readonly id: number }>();
  let id = 0;
  const arrive = (address: string): number | undefined => table.add({ address, id: id++ })?.id;
  for (let count = 0; count < MAX_ARRIVALS_PER_NETWORK; count++) {
    expect(arrive(`2001:db8::${count.toString(16)}`)).toBe(undefined);
  }
  expect(arrive('2001:db8:0:0:ffff::1')).toBe(0);
  while (table.size < MAX_ARRIVALS) expect(arrive(`10.0.0.${id}`)).toBe(undefined);
  expect(arrive('192.0.2.1')).toBe(1);
  expect(table.size).toBe(MAX_ARRIVALS);
});

test('budgets are kept for a bounded number of networks, those that asked last', () => {
  const budget = new AddressBudget(1, 1);
  for (let index = 0; index <= MAX_BUDGETS; index++) {
    expect(budget.takeMs(`address ${index}`, 0)).toBe(0);
  }
  expect(budget.size).toBe(MAX_BUDGETS);
  expect(budget.takeMs(`address ${MAX_BUDGETS}`, 0)).toBe(1_000);
  expect(budget.takeMs('address 0', 0)).toBe(0);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ['1::4:5:6:7:8', '1:0:0:4::/64'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
