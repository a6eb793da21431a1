import { expect, test } from 'vitest';
import { WANTED_RECEIVE_BUFFER_BYTES } from '../../../../src/transfer/io/udp/udp-buffers.ts';
import { MAX_CLOSE_WAIT_MS, UdpPort } from '../../../../src/transfer/io/udp/udp-port.ts';
import { FakeLoop, fakePort, FakeSocket } from './udp-fakes.ts';

const peer = { address: '127.0.0.1', port: 5000 };
const other = { address: '127.0.0.1', port: 5001 };
const bytes = new Uint8Array(8);

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

test.each(['ECONNREFUSED', 'EMSGSIZE', 'ENETUNREACH', 'EPERM', 'ENOBUFS'])(
  '%s is a hint, whether the socket tells it or a send does, and sending goes on',
  async (code) => {
    const socket = new FakeSocket();
    const port = await fakePort(socket, new FakeLoop());
    const hints: string[] = [];
    port.onHint = (error) => hints.push((error as NodeJS.ErrnoException).code ?? '');
    socket.emit('error', systemError(code));
    socket.sendError = systemError(code);
    port.send(bytes, peer, true);
    expect(hints).toEqual([code, code]);
    port.send(bytes, peer, false);
    expect(socket.sent.length).toBe(2);
  },
);

test('a send that throws is a hint', async () => {
  const socket = new FakeSocket();
  const port = await fakePort(socket, new FakeLoop());
  const hints: Error[] = [];
  port.onHint = (error) => hints.push(error);
  socket.sendFault = systemError('ERR_SOCKET_BAD_PORT');
  port.send(bytes, { address: '127.0.0.1', port: 0 }, false);
  expect(hints).toEqual([socket.sendFault]);
});

test('errors before anybody listens for hints end nothing', async () => {
  const socket = new FakeSocket();
  await fakePort(socket, new FakeLoop());
  expect(() => socket.emit('error', systemError('ECONNREFUSED'))).not.toThrow();
});

test('a connected port sends without an address, and only to its peer', async () => {
  const socket = new FakeSocket();
  const port = await fakePort(socket, new FakeLoop());
  port.send(bytes, peer, false);
  expect(port.connect(peer)).toBe(true);
  port.send(bytes, { ...peer }, false);
  port.send(bytes, other, false);
  port.disconnect();
  port.send(bytes, other, false);
  expect(socket.sent.map(({ to }) => to)).toEqual([peer, undefined, other]);
});

test('a connection that the system refuses is a hint and leaves the port as it was', async () => {
  const socket = new FakeSocket();
  const port = await fakePort(socket, new FakeLoop());
  const hints: Error[] = [];
  port.onHint = (error) => hints.push(error);
  socket.connect = () => undefined;
  expect(port.connect(peer)).toBe(false);
  expect([port.peer, hints.length]).toEqual([undefined, 1]);
  port.send(bytes, other, false);
  expect(socket.sent.length).toBe(1);
});

test('datagrams of one peer come with one address object', async () => {
  const socket = new FakeSocket();
  const port = await fakePort(socket, new FakeLoop());
  const seen: unknown[] = [];
  port.onDatagram((_datagram, from) => seen.push(from));
  socket.receive(2, peer);
  socket.receive(1, other);
  expect(seen).toEqual([peer, peer, other]);
  expect(seen[0]).toBe(seen[1]);
});

test('a taken port says which one and why', async () => {
  const socket = new FakeSocket();
  socket.bindError = systemError('EADDRINUSE');
  await expect(fakePort(socket, new FakeLoop())).rejects.toMatchObject({
    name: 'UdpBindError',
    code: 'EADDRINUSE',
    message: 'cannot use UDP port 127.0.0.1:0: it is already in use',
    reason: 'it is already in use',
  });
  expect(socket.isClosed).toBe(true);
});

test('a kernel that refuses large buffers is asked for less', async () => {
  const socket = new FakeSocket();
  socket.bufferLimitBytes = 1_500_000;
  const port = await fakePort(socket, new FakeLoop());
  expect(port.receiveBufferBytes).toBe(WANTED_RECEIVE_BUFFER_BYTES / 4);
});

test('a kernel that refuses every buffer keeps its own', async () => {
  const socket = new FakeSocket();
  socket.bufferLimitBytes = 0;
  await expect(fakePort(socket, new FakeLoop())).resolves.toBeInstanceOf(UdpPort);
});

test('close waits for what the kernel has not taken, but not for ever', async () => {
  const socket = new FakeSocket();
  const loop = new FakeLoop();
  const port = await fakePort(socket, loop);
  socket.queueCount = 1;
  const closed = port.close();
  for (let waitedMs = 0; waitedMs < MAX_CLOSE_WAIT_MS - 1; waitedMs++) {
    loop.passMs(1);
    loop.turn();
    await Promise.resolve();
  }
  expect(socket.isClosed).toBe(false);
  loop.passMs(1);
  loop.turn();
  await closed;
  expect(socket.isClosed).toBe(true);
  expect(port.close()).toBe(closed);
});
