import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkServer } from '../../src/chat/server-check.ts';
import { KnownServers } from '../../src/chat/io/known-servers.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';

const HOST = '127.0.0.1';

test('a server shows its key to a check, which keeps nothing of it and is no user there', async () => {
  const { server, log } = await startFixture();
  const stateDir = temporaryFolder();
  const check = await checkServer(HOST, server.port, stateDir);
  expect(check).toMatchObject({ shown: server.fingerprint, known: undefined });
  expect(check.failure).toBeUndefined();
  expect(existsSync(join(stateDir, 'servers'))).toBe(false);
  expect(log.join('\n')).not.toContain('login');
});

test('a key that was kept is told beside the one that is shown', async () => {
  const { server } = await startFixture();
  const stateDir = temporaryFolder();
  const old = `SHA256:${'A'.repeat(43)}` as const;
  const known = new KnownServers(join(stateDir, 'servers'));
  await known.write(HOST, server.port, old);
  const check = await checkServer(HOST, server.port, stateDir);
  expect(check).toMatchObject({ shown: server.fingerprint, known: old });
  expect(await known.read(HOST, server.port)).toBe(old);
});

test('who closes the connection, and a port that is closed, are no server', async () => {
  const other = createServer((socket) => socket.destroy());
  onTestFinished(() => void other.close());
  await new Promise<void>((resolve) => other.listen(0, HOST, resolve));
  const { port } = other.address() as { port: number };
  const check = await checkServer(HOST, port, temporaryFolder());
  expect(check.failure).toBeDefined();
  expect(check.shown).toBeUndefined();
  await new Promise((resolve) => other.close(resolve));
  expect(await checkServer(HOST, port, temporaryFolder())).toMatchObject({ code: 'ECONNREFUSED' });
});
