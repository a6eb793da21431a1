import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import {
  createEndpoint,
  type EndpointOptions,
  type Offer,
  type Transfer,
  type TransferEndpoint,
  TransferError,
  type TransferProgress,
} from '../../src/transfer/index.ts';
import { MAX_SHARE_BYTES } from '../../src/transfer/core/connection/credit-ledger.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';

async function opened(options: EndpointOptions = {}): Promise<TransferEndpoint> {
  const endpoint = await createEndpoint(options);
  onTestFinished(() => endpoint.close());
  return endpoint;
}

async function incoming(endpoint: TransferEndpoint): Promise<Transfer> {
  const [transfer] = (await once(endpoint, 'transfer')) as [Transfer];
  return transfer;
}

/** Of what is whole: a state file goes when the sender has heard. */
function namesIn(inbox: string): string[] {
  return readdirSync(inbox)
    .filter((name) => !name.includes('.part'))
    .sort();
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

test('a stream goes into a stream, and each side says the same of it', async () => {
  const content = randomBytes(3_000_001);
  const offers: Offer[] = [];
  const output = new PassThrough();
  const receiver = await opened({
    onOffer: (offer) => {
      offers.push(offer);
      return { into: output };
    },
  });
  const sender = await opened();
  const received = incoming(receiver);
  const sent = sender.send({
    ticket: receiver.ticket(),
    stream: Readable.from([content.subarray(0, 1_234_567), content.subarray(1_234_567)]),
    name: 'dir.tar',
  });
  expect(Buffer.compare(await buffer(output), content)).toBe(0);
  const sha256 = hashOf(content);
  expect(await sent.done).toMatchObject({ totalBytes: 3_000_001, sha256, path: '' });
  expect(await (await received).done).toMatchObject({ totalBytes: 3_000_001, sha256, path: '' });
  const offer = { from: sender.publicKey, name: 'dir.tar', kind: 'file', isAlone: true };
  const signal = expect.any(AbortSignal) as unknown;
  expect(offers).toEqual([{ ...offer, sizeBytes: undefined, signal }]);
});

test('text in a stream is sent as UTF-8, and a stream without bytes is an empty file', async () => {
  const inbox = temporaryFolder();
  const receiver = await opened({ inbox });
  const sender = await opened();
  const ticket = receiver.ticket();
  await sender.send({ ticket, stream: Readable.from(['grüße', ' ☃']), name: 'text' }).done;
  await sender.send({ ticket, stream: Readable.from([]), name: 'empty' }).done;
  expect(readFileSync(join(inbox, 'text'), 'utf8')).toBe('grüße ☃');
  expect(readFileSync(join(inbox, 'empty'))).toHaveLength(0);
  expect(namesIn(inbox)).toEqual(['empty', 'text']);
});

test('a stream that breaks fails both sides, and one that was called once is begun anew', async () => {
  const inbox = temporaryFolder();
  const receiver = await opened({ inbox });
  const sender = await opened();
  const ticket = receiver.ticket();
  const breaking = new PassThrough();
  const received = incoming(receiver);
  const sent = sender.send({ ticket, stream: breaking, name: 'log' });
  breaking.write(randomBytes(100_000));
  const receiving = await received;
  breaking.destroy(new Error('the tape is torn'));
  await expect(sent.done).rejects.toMatchObject({
    code: 'local-file',
    message: 'the stream has failed: the tape is torn',
  });
  await expect(receiving.done).rejects.toMatchObject({ code: 'refused' });
  expect(namesIn(inbox)).toEqual([]);
  await sender.send({ ticket, stream: Readable.from(['whole']), name: 'log' }).done;
  expect(namesIn(inbox)).toEqual(['log']);
  expect(readFileSync(join(inbox, 'log'), 'utf8')).toBe('whole');
});

test('a stream is read no further than what its slow reader leaves room for', async () => {
  const PIECE = 65_536;
  const PIECES = 1_600;
  let readBytes = 0;
  let takenBytes = 0;
  let mostAhead = 0;
  const stream = Readable.from(
    (function* () {
      for (; readBytes < PIECES * PIECE; readBytes += PIECE) {
        mostAhead = Math.max(mostAhead, readBytes - takenBytes);
        yield Buffer.alloc(PIECE, readBytes / PIECE);
      }
    })(),
    { objectMode: false },
  );
  const slow = new Writable({
    write: (bytes: Uint8Array, _encoding, onWritten) => {
      takenBytes += bytes.length;
      setTimeout(onWritten, 2);
    },
  });
  const receiver = await opened({ onOffer: () => ({ into: slow }) });
  const sender = await opened();
  const sent = sender.send({ ticket: receiver.ticket(), stream, name: 'endless' });
  expect((await sent.done).totalBytes).toBe(PIECES * PIECE);
  expect(takenBytes).toBe(PIECES * PIECE);
  // The credit of one connection, and what the streams and threads at both ends hold.
  expect(mostAhead).toBeLessThan(MAX_SHARE_BYTES + 8_388_608);
});

test('a writable that is closed early ends the transfer, and the other side hears why', async () => {
  const output = new Writable({
    write: (_bytes, _encoding, onWritten) => {
      onWritten(new Error('nobody reads'));
    },
  });
  const receiver = await opened({ onOffer: () => ({ into: output }) });
  const sender = await opened();
  const received = incoming(receiver);
  const stream = new PassThrough();
  const sent = sender.send({ ticket: receiver.ticket(), stream, name: 'x' });
  stream.write('some');
  const failure = { message: 'the stream takes no more: nobody reads' };
  await expect((await received).done).rejects.toMatchObject({ code: 'local-file', ...failure });
  await expect(sent.done).rejects.toMatchObject({ code: 'refused', ...failure });
  expect(stream.destroyed).toBe(true);
});

test('aborting a signal cancels with its reason, and leaves nothing on the signal', async () => {
  const aborting = new AbortController();
  const { signal } = aborting;
  const stream = new PassThrough();
  const output = new PassThrough();
  const failed = once(output, 'error');
  const receiver = await opened({ onOffer: () => ({ into: output }) });
  const sender = await opened();
  const received = incoming(receiver);
  const sent = sender.send({ ticket: receiver.ticket(), stream, name: 'x', signal });
  stream.write('some');
  const receiving = await received;
  const reason = new Error('enough');
  aborting.abort(reason);
  await expect(sent.done).rejects.toMatchObject({ code: 'cancelled', cause: reason });
  await expect(receiving.done).rejects.toMatchObject({ code: 'cancelled' });
  expect((await failed)[0]).toBeInstanceOf(TransferError);
  expect(stream.destroyed).toBe(true);
  const late = sender.send({ ticket: receiver.ticket(), paths: ['/nowhere'], signal });
  await expect(late.done).rejects.toMatchObject({ code: 'cancelled', cause: reason });
});

test('progress is iterated to its end, and events tell the same', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'movie');
  writeFileSync(path, randomBytes(5_000_000));
  const receiver = await opened({ inbox: temporaryFolder() });
  const sender = await opened();
  const sent = sender.send({ ticket: receiver.ticket(), paths: [path] });
  const states: string[] = [];
  const emitted: TransferProgress[] = [];
  sent.on('state', (state) => states.push(state));
  sent.on('progress', (progress) => emitted.push(progress));
  const done = once(sent, 'done');
  const iterated: TransferProgress[] = [];
  for await (const progress of sent) iterated.push(progress);
  const route = { peer: receiver.address, roundTripMs: expect.any(Number) as number };
  const whole = { transferredBytes: 5_000_000, totalBytes: 5_000_000 };
  expect(iterated.at(-1)).toMatchObject({ ...whole, route });
  expect(await sent.done).toMatchObject({ route });
  expect(emitted).toEqual(expect.arrayContaining(iterated));
  expect(states.at(-1)).toBe('done');
  expect((await done)[0]).toEqual(await sent.done);
  // An ended transfer gives its last progress once more, and ends.
  const again: TransferProgress[] = [];
  for await (const progress of sent) again.push(progress);
  expect(again).toEqual(iterated.slice(-1));
});

test('iterating over a transfer that fails throws its error', async () => {
  const receiver = await opened({ onOffer: () => ({ refuse: 'not today' }) });
  const sender = await opened();
  const stream = Readable.from(['x']);
  const sent = sender.send({ ticket: receiver.ticket(), stream, name: 'x' });
  const failed = once(sent, 'failed');
  await expect(
    (async () => {
      for await (const progress of sent) expect(progress.transferredBytes).toBeLessThan(2);
    })(),
  ).rejects.toMatchObject({ code: 'refused', message: 'not today' });
  expect((await failed)[0]).toMatchObject({ code: 'refused' });
});

test('a stream cannot have a name that leads elsewhere', async () => {
  const sender = await opened();
  const ticket = (await opened()).ticket();
  for (const name of ['../x', '', 'a/b', '..', 'x'.repeat(300)]) {
    expect(() => sender.send({ ticket, stream: Readable.from([]), name }), name).toThrow(TypeError);
  }
});

test('an endpoint says that it is closed, and closes at the end of its block', async () => {
  let isClosed = false;
  {
    await using endpoint = await createEndpoint();
    endpoint.on('close', (error) => {
      isClosed = error === undefined;
    });
  }
  expect(isClosed).toBe(true);
});
