import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Transfer, TransferRoute } from '../../src/transfer/index.ts';
import { enterClient } from './client-fixture.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';

test('who comes and who leaves is told on stderr, unless quiet', async () => {
  const { server } = await startFixture();
  const jess = await enterClient(server.port, 'jess');
  const quiet = await enterClient(server.port, 'steve', { isQuiet: true });
  await jess.console.warned('steve has joined.');
  const derek = await enterClient(server.port, 'derek');
  await jess.console.warned('derek has joined.');
  derek.console.type('OUT');
  await jess.console.warned('derek has left.');
  expect(jess.console.errors).toEqual([
    'steve has joined.',
    'derek has joined.',
    'derek has left.',
  ]);
  expect(jess.console.rest()).toEqual([]);
  quiet.console.type('OUT');
  await quiet.exit;
  expect(quiet.console.errors).toEqual([]);
});

test('where bars are drawn each transfer has one with its number, and of progress only the begin of one that comes is a line', async () => {
  const { server } = await startFixture();
  await enterClient(server.port, 'jess');
  const labels: string[] = [];
  const bars = { add: (_transfer: Transfer, label: string) => void labels.push(label) };
  const { console, endpoint } = await enterClient(server.port, 'derek', { bars });
  const path = join(temporaryFolder(), 'a.txt');
  writeFileSync(path, 'content');
  console.type(`UPD jess ${path}`);
  const [sent] = await endpoint().sends(1);
  const received = endpoint().receive('jess', 'film.mp4', 20_000_000);
  const route: TransferRoute = { peer: { address: '::1', port: 6000 } };
  sent!.finish(7, 1);
  received.finish(20_000_000, 1, 'jess_film.mp4', { route });
  await console.shown('Received film.mp4');
  await console.warned('direct');
  expect(labels).toEqual(['#1 to jess: a.txt', '#2 from jess: film.mp4']);
  expect(console.errors).toEqual([
    'film.mp4 from jess: receiving 20.0 MB',
    'a.txt to jess: sent again: 0.0 % (0 B)',
    'film.mp4 from jess: direct from [::1]:6000',
  ]);
});

test('XFR shows the way of a transfer that has one', async () => {
  const { server } = await startFixture();
  const { console, endpoint } = await enterClient(server.port, 'derek');
  const received = endpoint().receive('jess', 'film.mp4', 20_000_000);
  received.progress.route = { peer: { address: '192.0.2.7', port: 51044 }, roundTripMs: 0.42 };
  console.type('/transfers');
  const [line] = await console.shown('film.mp4');
  expect(line).toMatch(/, direct from 192\.0\.2\.7:51044, round trip 0\.4 ms$/);
});
