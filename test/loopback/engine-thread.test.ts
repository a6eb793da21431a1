import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createEndpoint,
  type EndpointOptions,
  type Introduction,
  type Transfer,
  type TransferEndpoint,
} from '../../src/transfer/index.ts';
import {
  type EngineThread,
  startEngineThread,
} from '../../src/transfer/io/engine/engine-thread.ts';
import { bundle } from '../../build/bundle.ts';
import { workerThread } from '../../src/transfer/io/worker-thread.ts';
import { ThreadedEndpoint } from '../../src/transfer/io/engine/threaded-endpoint.ts';

const top = join(import.meta.dirname, '../..');
/** To this endpoint, or of it. */
function introductionOf({ publicKey }: TransferEndpoint): Introduction {
  return { keyId: '0123456789abcdef', secret: '00'.repeat(32), peerKey: publicKey };
}

/** Enough to be still on its way when a test does something. */
const LARGE_BYTES = 400_000_000;

let folder: string;
let inbox: string;
const endpoints: TransferEndpoint[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'updraft-'));
  inbox = join(folder, 'inbox');
  mkdirSync(inbox);
});

afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
  rmSync(folder, { recursive: true });
});

async function opened(options: EndpointOptions = {}): Promise<TransferEndpoint> {
  const endpoint = await createEndpoint(options);
  endpoints.push(endpoint);
  return endpoint;
}

async function openedOn(thread: EngineThread): Promise<ThreadedEndpoint> {
  const endpoint = await ThreadedEndpoint.create({}, thread);
  endpoints.push(endpoint);
  return endpoint;
}

function sourceOf(content: Uint8Array): string {
  const path = join(folder, 'source');
  writeFileSync(path, content);
  return path;
}

/** All zeros, and none of them on the disk. */
function largeSource(): string {
  const path = sourceOf(new Uint8Array(0));
  truncateSync(path, LARGE_BYTES);
  return path;
}

/** Both sides of a transfer that has begun. */
async function begin(
  sender: TransferEndpoint,
  receiver: TransferEndpoint,
  path: string,
): Promise<readonly [sent: Transfer, received: Transfer]> {
  const accepted = new Promise<Transfer>((resolve) => {
    receiver.on('transfer', resolve);
  });
  receiver.expect(introductionOf(sender), 'derek');
  const introduction = introductionOf(receiver);
  const addresses = [receiver.address];
  const sent = sender.send({ introduction, addresses, paths: [path], peer: 'jess' });
  return [sent, await accepted];
}

test('a file goes from the thread of one endpoint to that of another, whole', async () => {
  const content = randomBytes(5_000_000);
  const path = sourceOf(content);
  const receiver = await opened({
    inbox,
    onOffer: ({ from, name }) => ({ storedName: `${from}_${name}` }),
  });
  const [sent, received] = await begin(await opened(), receiver, path);
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect(await sent.done).toMatchObject({ totalBytes: content.length, sha256, path });
  const stored = join(inbox, 'derek_source');
  expect(await received.done).toMatchObject({ sha256, path: stored });
  expect(readFileSync(stored).equals(content)).toBe(true);
  expect([sent.state, sent.progress.transferredBytes]).toEqual(['done', content.length]);
});

test.each(['a thread of its own', "the caller's thread"])(
  'what is sent to an endpoint on %s that closes fails',
  async (where) => {
    const ownThread = where === 'a thread of its own';
    const endpoint = await opened(ownThread ? {} : { createSocket: dgram.createSocket });
    const closed = endpoint.close();
    const path = sourceOf(new Uint8Array(1));
    const addresses = [endpoint.address];
    const introduction = introductionOf(endpoint);
    const sent = endpoint.send({ introduction, addresses, paths: [path], peer: 'jess' });
    await expect(sent.done).rejects.toMatchObject({ code: 'cancelled' });
    await closed;
  },
);

test('a transfer needs nothing of its caller: it ends while the caller is busy', async () => {
  const path = sourceOf(randomBytes(5_000_000));
  const receiver = await opened({ inbox });
  const sender = await opened();
  receiver.expect(introductionOf(sender), 'derek');
  const introduction = introductionOf(receiver);
  sender.send({ introduction, addresses: [receiver.address], paths: [path], peer: 'jess' });
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  // This thread does not come back to its event loop before the file has its name.
  for (let waits = 0; waits < 2_000 && !existsSync(join(inbox, 'source')); waits++) {
    Atomics.wait(sleep, 0, 0, 10);
  }
  expect(existsSync(join(inbox, 'source'))).toBe(true);
});

test('errors of the engine cross as they are', async () => {
  const { port } = (await opened()).address;
  await expect(createEndpoint({ port })).rejects.toMatchObject({
    name: 'TransferError',
    code: 'internal',
    message: `cannot use UDP port ${port} on 127.0.0.1: another program uses it`,
    cause: { code: 'EADDRINUSE' },
  });
  const sender = await opened();
  const introduction = introductionOf(sender);
  const addresses = [{ address: '127.0.0.1', port }];
  const sent = sender.send({
    introduction,
    addresses,
    paths: [join(folder, 'none')],
    peer: 'jess',
  });
  await expect(sent.done).rejects.toMatchObject({ name: 'TransferError', code: 'local-file' });
});

test('an endpoint that is closed while transfers run cancels them, and no half file gets its name', async () => {
  const path = largeSource();
  const receiver = await opened({ inbox });
  const sender = await opened();
  const [sent, received] = await begin(sender, receiver, path);
  const ended = Promise.allSettled([sent.done, received.done]);
  await sender.close();
  const [ofSender, ofReceiver] = await ended;
  expect(ofSender).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } });
  expect(ofReceiver).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } });
  expect([sender.transfers, receiver.transfers]).toEqual([[], []]);
  expect(existsSync(join(inbox, 'source'))).toBe(false);
});

test('when the thread is ended, what runs fails and nothing hangs', async () => {
  const path = largeSource();
  const thread = startEngineThread();
  const sender = await openedOn(thread);
  const [sent] = await begin(sender, await opened({ inbox }), path);
  thread.terminate();
  const message = 'the thread of the engine has ended';
  await expect(sent.done).rejects.toMatchObject({ code: 'internal', message });
  const introduction = introductionOf(sender);
  const late = sender.send({ introduction, addresses: [], paths: [path], peer: 'jess' });
  await expect(late.done).rejects.toMatchObject({ code: 'internal', message });
  await sender.close();
});

test('a thread that fails says why', async () => {
  const broken = "throw new Error('an assertion failed')";
  const thread: EngineThread = workerThread(new Worker(broken, { eval: true }));
  await expect(openedOn(thread)).rejects.toMatchObject({
    code: 'internal',
    message: 'the thread of the engine has ended: an assertion failed',
  });
});

/** Runs `send-and-close.ts` with the library's entry at `index`; whether the process ends by itself. */
function sendAndClose(index: string): void {
  const script = join(import.meta.dirname, 'send-and-close.ts');
  const output = execFileSync(process.execPath, ['--import', 'tsx', script, folder, index], {
    encoding: 'utf8',
    timeout: 60_000,
    cwd: top,
  });
  const sha256 = createHash('sha256').update(new Uint8Array(3_000_000).fill(7)).digest('hex');
  const stored = join(inbox, 'stored-source');
  expect(output).toBe(`${sha256} ${stored} ${sha256}\nclosed\n`);
}

test('from its source a process sends, receives, closes and ends', () => {
  rmSync(inbox, { recursive: true });
  sendAndClose(join(top, 'src/transfer/index.ts'));
});

test('compiled, a process sends, receives, closes and ends', () => {
  rmSync(inbox, { recursive: true });
  const installed = join(folder, 'installed');
  bundle(join(top, 'src'), join(installed, 'dist/program'));
  writeFileSync(join(installed, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(top, 'node_modules'), join(installed, 'node_modules'));
  sendAndClose(join(installed, 'dist/program/index.js'));
});
