import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { UpdEvent } from '../../src/report/events.ts';
import { Receipts } from '../../src/report/receipt.ts';
import { enterClient } from './client-fixture.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';

const PROGRESS = ['a.txt to jess: sending', 'a.txt to jess: 100 %, verified'];

function fileIn(dir: string): string {
  const path = join(dir, 'a.txt');
  writeFileSync(path, 'content');
  return path;
}

function linesOf(path: string): unknown[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as unknown);
}

test('with events stdout has no line of a transfer, and an event has the number that XFR shows', async () => {
  const { server } = await startFixture();
  await enterClient(server.port, 'jess');
  const events: UpdEvent[] = [];
  const onEvent = (event: UpdEvent): void => void events.push(event);
  const { console, endpoint } = await enterClient(server.port, 'derek', { onEvent, queue: 1 });
  const path = fileIn(temporaryFolder());
  console.type(`UPD jess ${path} ${path}`, `UPD steve ${path} /none`);
  const [first] = await endpoint().sends(1);
  endpoint().receive('jess', 'b.txt', 5).finish(5, 1, 'derek_b.txt');
  first!.finish(7, 1);
  const second = (await endpoint().sends(2))[1]!;
  second.fail('lost', 'no answer');
  await console.warned('a.txt could not be delivered to steve: not online');
  expect(events).toMatchObject([
    { t: 'error', name: '/none', code: 'local-file', exit: 3 },
    { t: 'offer', id: 1, direction: 'send', peer: 'jess', name: 'a.txt' },
    { t: 'offer', id: 4, direction: 'receive', peer: 'jess', name: 'b.txt' },
    { t: 'done', id: 4, bytes: 5, exit: 0, items: [{ path: 'derek_b.txt' }] },
    { t: 'done', id: 1, bytes: 7, exit: 0 },
    { t: 'offer', id: 2 },
    { t: 'error', id: 2, name: 'a.txt', code: 'lost', message: 'jess vanished 5:00 min ago' },
    { t: 'error', id: 3, name: 'a.txt', code: 'unanswered', exit: 6 },
  ]);
  expect(console.rest()).toEqual([]);
  expect(console.errors.join('\n')).not.toMatch(/sending|verified/);
});

test('an offer that waits for an answer is an event in place of its line', async () => {
  const { server } = await startFixture();
  const events: UpdEvent[] = [];
  const onEvent = (event: UpdEvent): void => void events.push(event);
  const options = { onEvent, isConfirming: true };
  const { console, endpoint } = await enterClient(server.port, 'jess', options);
  const { signal } = new AbortController();
  const offer = { from: 'derek', name: 'film', sizeBytes: 5, kind: 'file', isAlone: true } as const;
  void endpoint().options.onOffer!({ ...offer, offeredBytes: 5, signal });
  const asked = { t: 'question', id: 1, peer: 'derek', name: 'film', kind: 'file', bytes: 5 };
  expect(events).toMatchObject([asked]);
  expect(console.rest()).toEqual([]);
});

test('quiet leaves results and errors, and without progress only that is missing', async () => {
  const { server } = await startFixture();
  await enterClient(server.port, 'jess');
  const path = fileIn(temporaryFolder());
  const limit = { cause: 'rate', value: 500_000 } as const;
  const route = { peer: { address: '192.0.2.7', port: 6000 }, roundTripMs: 40.06 };
  const again = { retransmittedBytes: 1 };
  const summary = [
    'a.txt to jess: sent again: 14.3 % (1 B), direct to 192.0.2.7:6000, round trip 40.1 ms',
    'a.txt to jess: limited by: --rate 500.0 kB/s',
  ];
  const shown: string[][] = [];
  for (const options of [{}, { isProgressShown: false }, { isQuiet: true }]) {
    const { console, endpoint } = await enterClient(server.port, 'derek', options);
    console.type(`UPD jess ${path}`);
    const [transfer] = await endpoint().sends(1);
    transfer!.finish(7, 1, path, { limit, route, ...again });
    expect(await console.shown('delivered')).toHaveLength(1);
    console.type('UPD jess /none');
    expect(await console.shown('no such file')).toHaveLength(1);
    shown.push(console.errors);
  }
  expect(shown).toEqual([[...PROGRESS, ...summary], summary, []]);
});

test('what was interrupted is told how to go on, on either side, and what never came is not', async () => {
  const { server } = await startFixture();
  await enterClient(server.port, 'jess');
  const { console, endpoint } = await enterClient(server.port, 'derek', { isQuiet: true });
  console.type(`UPD jess ${fileIn(temporaryFolder())}`);
  const [sent] = await endpoint().sends(1);
  const received = ['film', 'tar', 'none'].map((name) => endpoint().receive('jess', name, 5));
  for (const transfer of [sent!, ...received.slice(0, 2)]) transfer.progress.transferredBytes = 1;
  received[1]!.progress.totalBytes = undefined;
  for (const transfer of [sent!, ...received]) transfer.cancel();
  await console.shown('a.txt could not');
  await console.shown('none from jess was not received');
  expect(console.errors.sort()).toEqual([
    'What has arrived of film is kept (upd partials): sent again, it goes on from there.',
    'What has arrived of tar is kept (upd partials), but a stream that is sent again begins anew, in its place.',
    'a.txt: the same UPD goes on from what has arrived there.',
  ]);
});

test('a receipt is written of each transfer that is over and of what never became one, and one that cannot be is told', async () => {
  const { server } = await startFixture();
  await enterClient(server.port, 'jess');
  const folder = join(temporaryFolder(), 'receipts');
  mkdirSync(folder);
  const receipt = join(folder, 'all');
  const receipts = new Receipts(receipt);
  const { console, endpoint } = await enterClient(server.port, 'derek', { receipts });
  const path = fileIn(temporaryFolder());
  console.type('UPD jess /none', `UPD jess ${path}`);
  (await endpoint().sends(1))[0]!.finish(7, 1, path);
  await console.shown('delivered');
  endpoint().receive('jess', 'b', 5).fail('cancelled', 'cancelled by the sender');
  await console.shown('b from jess');
  const ways = { send: { direction: 'send', peer: 'jess' }, sha256: '0'.repeat(64) };
  expect(linesOf(receipt)).toMatchObject([
    { ...ways.send, failures: [{ name: '/none', code: 'local-file' }] },
    { ...ways.send, items: [{ name: 'a.txt', path, sha256: ways.sha256 }], failedCount: 0 },
    { direction: 'receive', peer: 'jess', failures: [{ name: 'b', code: 'cancelled' }] },
  ]);
  rmSync(folder, { recursive: true });
  console.type(`UPD jess ${path}`);
  (await endpoint().sends(2))[1]!.finish(7, 1, path);
  await console.warned(`upd client: the receipt ${receipt} cannot be written`);
  // It goes on all the same.
  console.type('ATU');
  await console.shown('active since');
});
