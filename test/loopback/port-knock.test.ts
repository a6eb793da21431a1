import dgram from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { knock } from '../../src/reach/port-knock.ts';

const HOST = '127.0.0.1';

test('a knock tells an open port that is silent from a closed one, and an address that cannot be asked', async () => {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  const { port } = socket.address();
  expect(await knock({ address: HOST, port })).toBeUndefined();
  socket.close();
  await once(socket, 'close');
  expect(await knock({ address: HOST, port })).toBe('ECONNREFUSED');
  // A broadcast that this socket may not send: the system refuses to connect it.
  const everybody = { address: '255.255.255.255', port };
  expect(await knock(everybody)).toMatch(/^E(ACCES|PERM|INVAL|NETUNREACH)$/);
});
