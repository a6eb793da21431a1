import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Introducer } from '../../src/chat/introducer.ts';
import { TransferList } from '../../src/chat/transfer-list.ts';
import { MAX_WAITING_SENDS, Uploads, type UploadsOptions } from '../../src/chat/uploads.ts';
import { enterClient } from './client-fixture.ts';
import { noComparer } from './no-comparer.ts';
import { lineReporter } from './line-reporter.ts';
import { FakeEndpoint, FakeTransfer } from './fake-endpoint.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';
import { showProgress } from '../../src/report/progress-lines.ts';

function folderWith(...names: readonly string[]): string {
  const dir = temporaryFolder();
  for (const name of names) writeFileSync(join(dir, name), 'content');
  return dir;
}

/** What uploads need of a client whose server answers so. */
function sending(
  request: () => Promise<never[]>,
): Pick<UploadsOptions, 'self' | 'introducer' | 'list'> {
  const trust = { judge: () => Promise.resolve({ isTrusted: true } as const) };
  const introducer = new Introducer({ link: { request }, trust, warn: () => undefined });
  return { self: 'jess', introducer, list: new TransferList() };
}

test('delivered is said when the transfer is done, not before, and the receiver was told to expect it', async () => {
  const { server } = await startFixture();
  const derek = await enterClient(server.port, 'derek');
  const jess = await enterClient(server.port, 'jess');
  const path = join(folderWith('movie.mp4'), 'movie.mp4');
  derek.console.type(`UPD jess ${path}`);
  const [transfer] = await derek.endpoint().sends(1);
  const [expected] = await jess.endpoint().expectations(1);
  const { request } = derek.endpoint().sent[0]!;
  expect(request).toEqual({
    introduction: { ...expected!.introduction, peerKey: jess.endpoint().publicKey },
    addresses: [{ address: '127.0.0.1', port: 6000 }],
    paths: [path],
    peer: 'jess',
  });
  expect(expected!.from).toBe('derek');
  expect(expected!.introduction.peerKey).toBe(derek.endpoint().publicKey);
  derek.console.type('ATU');
  // The prompt is usable meanwhile, and nothing was claimed yet.
  expect(await derek.console.shown('jess, ')).toHaveLength(1);
  transfer!.finish(20_000_000, 1_307);
  expect(await derek.console.shown('movie.mp4')).toEqual([
    'movie.mp4 has been delivered to jess (20.0 MB in 1.3 s, 15.3 MB/s).',
  ]);
});

test('a received file is stored under its sender and told with its size and path', async () => {
  const { server } = await startFixture();
  const { console, endpoint } = await enterClient(server.port, 'jess');
  const { onOffer, inbox } = endpoint().options;
  const offered = { from: 'derek', name: 'movie.mp4', sizeBytes: 1, kind: 'file' } as const;
  const { signal } = new AbortController();
  expect(await onOffer!({ ...offered, isAlone: true, offeredBytes: 1, signal })).toEqual({
    storedName: 'derek_movie.mp4',
  });
  expect(inbox).toBe('.');
  const transfer = endpoint().receive('derek', 'mo\u001bvie.mp4', 9_600_000);
  transfer.finish(9_600_000, 1_000, 'in/derek_movie.mp4');
  expect(await console.shown('movie')).toEqual([
    'Received mo\u241bvie.mp4 from derek (9.6 MB, stored as in/derek_movie.mp4).',
  ]);
});

test('the options reach the engine', async () => {
  const { server } = await startFixture();
  const engine = { windowPackets: 1, congestion: 'fixed', giveUpMs: 7, mtuBytes: 1_400 } as const;
  const options = { maxSizeBytes: 5, udpPort: 6001, engine };
  const { endpoint } = await enterClient(server.port, 'jess', options);
  const expected = { ...engine, maxSizeBytes: 5, host: '127.0.0.1', port: 6001 };
  expect(endpoint().options).toMatchObject(expected);
});

test('what cannot be sent gets one line with the reason, and nothing is begun', async () => {
  const { server } = await startFixture();
  await enterClient(server.port, 'derek');
  const { console, endpoint } = await enterClient(server.port, 'jess');
  const dir = folderWith('a.txt');
  const local = createServer().listen(join(dir, 'sock'));
  onTestFinished(() => void local.close());
  await once(local, 'listening');
  const file = join(dir, 'a.txt');
  console.type(`UPD derek ${dir}/none /dev/null ${dir}/sock ${file}/x`);
  expect(await console.shown(`${file}/x`)).toEqual([
    `${dir}/none could not be delivered to derek: no such file.`,
    '/dev/null could not be delivered to derek: it is a device, a FIFO or a socket.',
    `${dir}/sock could not be delivered to derek: it is a device, a FIFO or a socket.`,
    `${file}/x could not be delivered to derek: no such file.`,
  ]);
  console.type(`UPD steve ${file}`);
  expect(await console.shown('to steve')).toEqual([
    'a.txt could not be delivered to steve: not online; ATU lists who is.',
  ]);
  console.type(`UPD jess ${file}`);
  expect(await console.shown('to jess')).toEqual([
    'a.txt could not be delivered to jess: that is you.',
  ]);
  expect(endpoint().sent).toEqual([]);
});

test.skipIf(process.getuid?.() === 0)(
  'an unreadable file is told before anything is sent',
  async () => {
    const { server } = await startFixture();
    const { console, endpoint } = await enterClient(server.port, 'jess');
    const path = join(folderWith('secret'), 'secret');
    chmodSync(path, 0);
    console.type(`UPD derek ${path}`);
    expect(await console.shown('secret')).toEqual([
      `${path} could not be delivered to derek: it may not be read.`,
    ]);
    expect(endpoint().sent).toEqual([]);
  },
);

test('a failed transfer gives one line with its reason on either side', async () => {
  const { server } = await startFixture();
  await enterClient(server.port, 'derek');
  const { console, endpoint } = await enterClient(server.port, 'jess');
  console.type(`UPD derek ${join(folderWith('a.txt'), 'a.txt')}`);
  const [transfer] = await endpoint().sends(1);
  transfer!.fail('refused', 'over --max-size');
  expect(await console.shown('a.txt')).toEqual([
    'a.txt could not be delivered to derek: over --max-size.',
  ]);
  endpoint().receive('derek', 'b.txt', 5).fail('lost', 'no answer');
  expect(await console.shown('b.txt')).toEqual([
    'b.txt from derek was not received: derek vanished 5:00 min ago.',
  ]);
});

test('no more files are sent at once than --queue says, in the order they were named', async () => {
  const { server } = await startFixture();
  await enterClient(server.port, 'derek');
  const { console, endpoint } = await enterClient(server.port, 'jess', { queue: 2 });
  const dir = folderWith('1', '2', '3');
  console.type(`UPD derek ${dir}/1 ${dir}/2 ${dir}/3`);
  const [first] = await endpoint().sends(2);
  console.type('ATU');
  await console.shown('derek, '); // the server has answered a later request, and the third waits
  expect(endpoint().sent).toHaveLength(2);
  first!.finish(7, 1);
  const transfers = await endpoint().sends(3);
  expect(transfers.map(({ name }) => name).sort()).toEqual(['1', '2', '3']);
  expect(transfers[2]!.name).toBe('3');
});

test('the queue of sends is bounded: the next file is refused with one line', async () => {
  const printed: string[] = [];
  const uploads = new Uploads({
    ...sending(() => new Promise(() => undefined)),
    comparer: noComparer,
    endpoint: new FakeEndpoint({}),
    concurrency: 1,
    giveUpMs: 5_000,
    reporter: lineReporter((line) => printed.push(line)),
  });
  const path = join(folderWith('a'), 'a');
  // One is being sent; the others wait.
  for (let sent = 0; sent < 1 + MAX_WAITING_SENDS; sent++) await uploads.add('derek', path);
  expect(printed).toEqual([]);
  await uploads.add('derek', path);
  expect(printed).toEqual(['a could not be delivered to derek: 1000 files wait already.']);
  expect(uploads.count).toBe(1 + MAX_WAITING_SENDS);
});

test('a send that still waited for its introduction when all was aborted is not begun', async () => {
  const printed: string[] = [];
  const endpoint = new FakeEndpoint({});
  let answer: (frames: never[]) => void = () => undefined;
  const uploads = new Uploads({
    ...sending(() => new Promise((resolve) => (answer = resolve))),
    comparer: noComparer,
    endpoint,
    concurrency: 1,
    giveUpMs: 5_000,
    reporter: lineReporter((line) => printed.push(line)),
  });
  const path = join(folderWith('a'), 'a');
  await uploads.add('derek', path);
  await uploads.add('derek', path);
  uploads.abort();
  const key = { keyId: '00'.repeat(8), secret: '00'.repeat(32) };
  const body = { request: 1, to: 'derek', key, addresses: [] };
  answer([{ type: 'introduced', body }] as never[]);
  await uploads.idle();
  const line = 'a could not be delivered to derek: cancelled.';
  expect({ printed, sent: endpoint.sent }).toEqual({ printed: [line, line], sent: [] });
});

test('progress is a line at the start, at every 10 %, after 30 s without one, and at the end', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const lines: string[] = [];
  const transfer = new FakeTransfer('send', 1, 'jess', 'a');
  const at = (transferredBytes: number, state: 'running' | 'stalled' = 'running'): void => {
    transfer.state = state;
    const stalledMs = state === 'stalled' ? 7_000 : 0;
    transfer.progress = { transferredBytes, totalBytes: 1_000, bytesPerSec: 500, stalledMs };
    vi.advanceTimersByTime(1_000);
  };
  at(0);
  showProgress(transfer, 'a to jess', (line) => lines.push(line));
  at(99);
  at(100);
  at(199);
  at(450);
  vi.advanceTimersByTime(30_000);
  at(450, 'stalled');
  at(451);
  at(1_000);
  transfer.finish(1_000, 1);
  await transfer.done;
  vi.advanceTimersByTime(60_000);
  expect(lines).toEqual([
    'a to jess: sending',
    'a to jess: 10 % (100 B of 1.0 kB, 500 B/s)',
    'a to jess: 45 % (450 B of 1.0 kB, 500 B/s)',
    'a to jess: 45 % (450 B of 1.0 kB, 500 B/s)',
    'a to jess: stalled 7s: no answer, trying again',
    'a to jess: goes on',
    'a to jess: 99 % (1.0 kB of 1.0 kB, 500 B/s)',
    'a to jess: 100 %, verified',
  ]);
});
