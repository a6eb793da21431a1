import { expect, test } from 'vitest';
import { TransferError } from '../../src/transfer/index.ts';
import { enterClient, startClient } from './client-fixture.ts';
import { startFixture } from './server-fixture.ts';

test('a trace that cannot be written ends the client before any login, with one line and exit code 3', async () => {
  const { server, log } = await startFixture();
  const { console, exit } = startClient(server.port, {
    engine: { trace: '/nowhere/trace' },
    createEndpoint: ({ trace = '' }) =>
      Promise.reject(new TransferError('local-file', `the trace ${trace} cannot be written: why`)),
  });
  expect(await exit).toBe(3);
  expect(console.errors).toEqual(['upd client: the trace /nowhere/trace cannot be written: why']);
  expect(console.rest()).toEqual(['Successfully connected to server']);
  expect(log).toEqual([]);
});

test('a trace that fails later is one warning, and the session goes on', async () => {
  const { server } = await startFixture();
  const { console, exit, endpoint } = await enterClient(server.port, 'derek');
  endpoint().emit('traceFailed', new TransferError('local-file', 'the trace t ends: full'));
  await console.warned('the trace t ends: full');
  console.type('OUT');
  expect(await exit).toBe(0);
});
