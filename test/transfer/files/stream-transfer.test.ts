import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ByteSink,
  type ByteSource,
  StreamDisk,
} from '../../../src/transfer/files/byte-stream.ts';
import { createReceivePolicy } from '../../../src/transfer/files/receiving/receive-policy.ts';
import { TransferError } from '../../../src/transfer/files/transfer-error.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { endOf, TransferRun } from './transfer-run.ts';

/** Gives what it was made with, piece by piece, and whatever is pushed later. */
class PieceSource implements ByteSource {
  readonly #pieces: (Uint8Array | undefined)[];
  isClosed = false;
  readBytes = 0;
  error: TransferError | undefined;
  #wake: () => void = () => undefined;

  constructor(pieces: readonly Uint8Array[], hasEnd = true) {
    this.#pieces = hasEnd ? [...pieces, undefined] : [...pieces];
  }

  push(piece: Uint8Array | undefined): void {
    this.#pieces.push(piece);
    this.#wake();
  }

  fail(error: TransferError): void {
    this.error = error;
    this.#wake();
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#pieces.length === 0 && this.error === undefined && !this.isClosed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#pieces.length === 0 && this.error !== undefined) throw this.error;
    const piece = this.#pieces.shift();
    this.readBytes += piece?.length ?? 0;
    return piece;
  }

  close(): void {
    this.isClosed = true;
    this.#wake();
  }
}

/** Notes what it is given; can be slow. */
class NotingSink implements ByteSink {
  readonly pieces: Uint8Array[] = [];
  takenBytes = 0;
  abortedWith: TransferError | undefined;
  isEnded = false;
  isSlow = false;
  writeError: TransferError | undefined;
  #release: () => void = () => undefined;
  #fail: (why: TransferError) => void = () => undefined;

  get content(): Uint8Array {
    return Buffer.concat(this.pieces);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.writeError !== undefined) throw this.writeError;
    this.pieces.push(new Uint8Array(bytes));
    this.takenBytes += bytes.length;
    if (!this.isSlow) return;
    await new Promise<void>((resolve, reject) => {
      this.#release = resolve;
      this.#fail = reject;
    });
  }

  release(): void {
    this.#release();
  }

  end(): Promise<void> {
    this.isEnded = true;
    return Promise.resolve();
  }

  abort(why: TransferError): void {
    this.abortedWith ??= why;
    this.#fail(why);
  }
}

function disk(source: ByteSource, name = 'dir.tar'): StreamDisk {
  return new StreamDisk({ name, source }, 1_700_000_000_000);
}

function into(sink: ByteSink): ReturnType<typeof createReceivePolicy> {
  return createReceivePolicy({ platform: 'posix', onOffer: () => ({ into: sink }) });
}

test('a stream arrives as it was, whatever its pieces, and both sides say its size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 8 }),
      async (lengths) => {
        const pieces = lengths.map((length, seed) => contentOf(length, seed + 1));
        const content = Buffer.concat(pieces);
        const inbox = new MemoryInbox();
        const source = new PieceSource(pieces);
        const run = new TransferRun({ source: disk(source), inbox, paths: [''] });
        await run.start();
        const { sent, received } = await run.finish();
        const sha256 = createHash('sha256').update(content).digest('hex');
        const expected = { totalBytes: content.length, sha256, fileCount: 1, failedCount: 0 };
        expect(sent).toMatchObject({ ...expected, path: '' });
        expect(received).toMatchObject({ ...expected, path: '/inbox/dir.tar' });
        expect(Buffer.compare(inbox.published.get('dir.tar')!, content)).toBe(0);
        expect(run.sender.progress.totalBytes).toBe(content.length);
        expect(run.receiver.progress.totalBytes).toBe(content.length);
        expect(source.isClosed).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

test('while a stream runs nobody says how large it is, and what is ready has left', async () => {
  const source = new PieceSource([contentOf(10)], false);
  const sink = new NotingSink();
  const run = new TransferRun({
    source: disk(source),
    inbox: undefined,
    policy: into(sink),
    paths: [''],
  });
  await run.start();
  await run.runUntil(() => sink.takenBytes === 10);
  expect(run.receiver.progress).toMatchObject({ transferredBytes: 10, totalBytes: undefined });
  expect(run.sender.progress.totalBytes).toBeUndefined();
  const { flushCount } = run.pair.opener;
  source.push(contentOf(1, 7));
  await run.runUntil(() => sink.takenBytes === 11);
  expect(run.pair.opener.flushCount).toBe(flushCount + 1);
  source.push(undefined);
  const { sent, received } = await run.finish();
  expect([sent, received]).toMatchObject([{ totalBytes: 11 }, { totalBytes: 11, path: '' }]);
  expect(sink.isEnded).toBe(true);
  expect(sink.abortedWith).toBeUndefined();
});

test('a stream is read no faster than a slow reader at the other end takes it', async () => {
  const pieces = Array.from({ length: 200 }, (_, seed) => contentOf(65_536, seed + 1));
  const source = new PieceSource(pieces);
  const sink = new NotingSink();
  sink.isSlow = true;
  const creditBytes = 1_048_576;
  const run = new TransferRun({
    source: disk(source),
    inbox: undefined,
    policy: into(sink),
    pair: { creditBytes },
    paths: [''],
  });
  await run.start();
  let mostAhead = 0;
  let isOver = false;
  void Promise.allSettled([run.sender.done, run.receiver.done]).then(() => (isOver = true));
  let stuck = 0;
  const hasEnded = (): boolean => isOver;
  while (!hasEnded()) {
    stuck = (await run.step()) ? 0 : stuck + 1;
    mostAhead = Math.max(mostAhead, source.readBytes - sink.takenBytes);
    if (stuck > 10) sink.release();
  }
  expect(sink.isEnded).toBe(true);
  expect(Buffer.compare(sink.content, Buffer.concat(pieces))).toBe(0);
  // Read ahead, what may stand unsent, the credit, and what waits for the sink.
  expect(mostAhead).toBeLessThan(1_310_720 + 2_097_152 + creditBytes + 1_310_720);
});

test('a stream that fails fails the transfer on both sides, and its sink is told', async () => {
  const source = new PieceSource([contentOf(100_000)], false);
  const sink = new NotingSink();
  const run = new TransferRun({
    source: disk(source),
    inbox: undefined,
    policy: into(sink),
    paths: [''],
  });
  await run.start();
  await run.runUntil(() => sink.takenBytes === 100_000);
  source.fail(new TransferError('local-file', 'the stream has failed: it broke'));
  const { sent, received } = await run.finish();
  expect(sent).toEqual({ code: 'local-file', text: 'the stream has failed: it broke' });
  expect(received).toEqual({ code: 'refused', text: 'the stream has failed: it broke' });
  expect(sink.abortedWith?.message).toBe('the stream has failed: it broke');
  expect(sink.isEnded).toBe(false);
});

test('a stream that is cancelled while it waits for more ends at once', async () => {
  const source = new PieceSource([contentOf(5)], false);
  const inbox = new MemoryInbox();
  const run = new TransferRun({ source: disk(source), inbox, paths: [''] });
  await run.start();
  await run.runUntil(() => run.receiver.progress.transferredBytes === 5);
  run.sender.cancel();
  const { sent, received } = await run.finish();
  expect([sent, received]).toMatchObject([{ code: 'cancelled' }, { code: 'cancelled' }]);
  expect(source.isClosed).toBe(true);
  // What came of it is kept, as of a file.
  expect(inbox.log.at(-1)).toBe('keep');
});

test('a stream that is longer than the receiver allows is refused when it is, and not kept', async () => {
  const source = new PieceSource([contentOf(1_000), contentOf(1)], false);
  const inbox = new MemoryInbox();
  const policy = createReceivePolicy({ platform: 'posix', maxSizeBytes: 1_000 });
  const run = new TransferRun({ source: disk(source), inbox, policy, paths: [''] });
  await run.start();
  const { sent, received } = await run.finish();
  const refusal = { code: 'refused', text: 'over --max-size (1000 bytes allowed)' };
  expect([sent, received]).toEqual([refusal, refusal]);
  expect(inbox.partials.size).toBe(0);
  expect(inbox.published.size).toBe(0);
});

test('a stream of exactly what the receiver allows is taken', async () => {
  const inbox = new MemoryInbox();
  const policy = createReceivePolicy({ platform: 'posix', maxSizeBytes: 1_000 });
  const source = disk(new PieceSource([contentOf(1_000)]));
  const run = new TransferRun({ source, inbox, policy, paths: [''] });
  await run.start();
  expect((await run.finish()).received).toMatchObject({ totalBytes: 1_000 });
});

test('a sink that takes no more fails the transfer on both sides', async () => {
  const sink = new NotingSink();
  sink.writeError = new TransferError('local-file', 'the stream takes no more: write EPIPE');
  const source = new MemorySource({ content: contentOf(300_000) });
  const run = new TransferRun({ source, inbox: undefined, policy: into(sink) });
  await run.start();
  const { sent, received } = await run.finish();
  expect(received).toMatchObject({ code: 'local-file' });
  expect(sent).toEqual({ code: 'refused', text: 'the stream takes no more: write EPIPE' });
});

test('a receiver that is cancelled does not wait for a sink that takes nothing', async () => {
  const sink = new NotingSink();
  sink.isSlow = true;
  const source = new MemorySource({ content: contentOf(300_000) });
  const run = new TransferRun({ source, inbox: undefined, policy: into(sink) });
  await run.start();
  await run.runUntil(() => sink.takenBytes > 0);
  run.receiver.cancel();
  const { sent, received } = await run.finish();
  expect([sent, received]).toMatchObject([{ code: 'cancelled' }, { code: 'cancelled' }]);
  expect(sink.abortedWith?.code).toBe('cancelled');
});

test('what was damaged on the way is not called whole, though its bytes have gone on', async () => {
  const sink = new NotingSink();
  const content = contentOf(200_000);
  const source = new MemorySource({ content });
  const run = new TransferRun({ source, inbox: undefined, policy: into(sink) });
  await run.start();
  // One byte of the first content, where no key seals it.
  run.pair.opener.onWire = (bytes, at) => {
    if (at <= 10_000 && at + bytes.length > 10_000) bytes[10_000 - at]! ^= 1;
  };
  const received = await finished(run);
  expect(received).toMatchObject({ code: 'integrity' });
  expect(sink.content).toHaveLength(200_000);
  expect(sink.isEnded).toBe(false);
  expect(sink.abortedWith?.code).toBe('integrity');
});

async function finished(run: TransferRun): Promise<unknown> {
  let end: unknown;
  void endOf(run.receiver.done).then((ended) => (end = ended));
  await run.runUntil(() => end !== undefined);
  return end;
}

test('a folder does not go into a stream', async () => {
  const sink = new NotingSink();
  const offer = { from: 'derek', name: 'photos', sizeBytes: 5, kind: 'folder' } as const;
  const { signal } = new AbortController();
  expect(await into(sink)({ ...offer, isAlone: true, offeredBytes: 5, signal })).toMatchObject({
    type: 'reject',
    code: 'refused',
  });
  expect(sink.abortedWith?.code).toBe('refused');
});
