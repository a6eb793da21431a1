import { describe, expect, test } from 'vitest';
import { CloseCode } from '../../../src/transfer/core/transport.ts';
import { READ_AHEAD_CHUNKS } from '../../../src/transfer/files/sending/read-ahead.ts';
import { MAX_PENDING_SEGMENTS } from '../../../src/transfer/files/receiving/content-writer.ts';
import { SEGMENT_BYTES } from '../../../src/transfer/files/disk.ts';
import { createReceivePolicy } from '../../../src/transfer/files/receiving/receive-policy.ts';
import { TransferError } from '../../../src/transfer/files/transfer-error.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { TransferRun } from './transfer-run.ts';

const megabytes = contentOf(3_000_000);

function runOf(
  source: Partial<ConstructorParameters<typeof MemorySource>[0]> = {},
  inbox: MemoryInbox = new MemoryInbox(),
): { run: TransferRun; source: MemorySource; inbox: MemoryInbox } {
  const memorySource = new MemorySource({ content: megabytes, ...source });
  return { run: new TransferRun({ source: memorySource, inbox }), source: memorySource, inbox };
}

function failure(code: string, text: string): { sent: object; received: object } {
  return { sent: { code, text }, received: { code, text } };
}

test('a source that cannot be opened fails before anything is connected', async () => {
  const { run, source, inbox } = runOf();
  source.openError = new TransferError('local-file', 'movie.mp4: no such file or folder');
  await run.start();
  await expect(run.sender.done).rejects.toMatchObject({ code: 'local-file' });
  expect(run.pair.opener.writtenBytes).toBe(0);
  expect(inbox.log).toEqual([]);
});

test('an opening that is never answered fails the transfer and closes its source', async () => {
  const { run, source } = runOf();
  await run.sender.prepare();
  run.sender.onOpening(run.pair.opener);
  expect(run.sender.state).toBe('opening');
  run.sender.onClosed({ code: CloseCode.unanswered, reason: '', byPeer: false });
  await expect(run.sender.done).rejects.toMatchObject({
    code: 'unanswered',
    message: 'no answer from the peer',
  });
  expect(source.isClosed).toBe(true);
});

describe('a refused offer leaves nothing behind, and both sides show one reason:', () => {
  test('too large', async () => {
    const inbox = new MemoryInbox();
    const source = new MemorySource({ content: megabytes });
    const policy = createReceivePolicy({ platform: 'posix', maxSizeBytes: 2_999_999 });
    const run = new TransferRun({ source, inbox, policy });
    await run.start();
    const reason = 'over --max-size (3000000 bytes offered, 2999999 allowed)';
    expect(await run.finish()).toEqual(failure('refused', reason));
    expect([inbox.log, run.acceptedCount]).toEqual([[], 0]);
  });

  test('a name that is not storable', async () => {
    const source = new MemorySource({ content: megabytes });
    const inbox = new MemoryInbox();
    const run = new TransferRun({ source, inbox, path: '/home/derek/a\\b' });
    await run.start();
    const reason = 'name not storable: contains a path separator';
    expect(await run.finish()).toEqual(failure('refused', reason));
    expect(inbox.log).toEqual([]);
  });

  test('no room on the disk', async () => {
    const { run, inbox } = runOf();
    inbox.createError = new TransferError('no-space', 'no space: 9 bytes offered, room for 8');
    await run.start();
    expect(await run.finish()).toEqual(failure('no-space', inbox.createError.message));
    expect(inbox.partials.size).toBe(0);
  });

  test('no inbox', async () => {
    const source = new MemorySource({ content: megabytes });
    const run = new TransferRun({ source, inbox: undefined });
    await run.start();
    expect(await run.finish()).toMatchObject({ sent: { code: 'refused' } });
  });
});

test('an inbox that cannot be written is a local failure there and a refusal here', async () => {
  const { run, inbox } = runOf();
  const text = 'the inbox cannot be written: permission denied';
  inbox.createError = new TransferError('local-file', text);
  await run.start();
  expect(await run.finish()).toEqual({
    sent: { code: 'refused', text },
    received: { code: 'local-file', text },
  });
});

test('a disk that is full midway fails both sides and keeps the partial', async () => {
  const { run, inbox } = runOf();
  inbox.roomBytes = 1_000_000;
  await run.start();
  expect(await run.finish()).toEqual(failure('no-space', 'the disk is full'));
  expect(inbox.log.at(-1)).toBe('keep');
  expect(inbox.partials.get('movie.mp4')!.length).toBe(3 * SEGMENT_BYTES);
  expect(inbox.published.size).toBe(0);
});

test('a disk that takes not one byte leaves nothing behind', async () => {
  const { run, inbox } = runOf();
  inbox.roomBytes = 0;
  inbox.writeError = new TransferError('local-file', 'the inbox cannot be written: EIO');
  await run.start();
  expect(await run.finish()).toMatchObject({
    sent: { code: 'refused' },
    received: { code: 'local-file' },
  });
  expect(inbox.log.at(-1)).toBe('discard');
});

test('a source that cannot be read midway fails both sides and keeps the partial', async () => {
  const { run, inbox } = runOf({ failsAtByte: 2_000_000 });
  const text = 'the source cannot be read: the disk failed';
  await run.start();
  expect(await run.finish()).toEqual({
    sent: { code: 'local-file', text },
    received: { code: 'refused', text },
  });
  expect(inbox.log.at(-1)).toBe('keep');
});

test.each([
  ['ends too early', { endsAtByte: 2_000_000 }],
  ['has changed when it was sent', { isChanged: (): boolean => true }],
])('a source that %s fails both sides and the partial is discarded', async (_what, options) => {
  const { run, inbox, source } = runOf(options);
  await run.start();
  const end = await run.finish();
  expect(end).toEqual(failure('source-changed', 'the source changed while being sent'));
  expect([inbox.log.at(-1), inbox.published.size, source.isClosed]).toEqual(['discard', 0, true]);
});

test('a peer that vanishes midway is lost on both sides and the partial is kept', async () => {
  const { run, inbox } = runOf();
  await run.start();
  await run.runUntil(() => inbox.log.includes(`write ${SEGMENT_BYTES}`));
  run.pair.vanish();
  expect(await run.finish()).toEqual(failure('lost', 'the peer vanished'));
  expect([inbox.log.at(-1), inbox.published.size]).toEqual(['keep', 0]);
});

test('a peer that vanishes after all was verified does not keep the file from its name', async () => {
  const { run, inbox } = runOf();
  inbox.beforeNaming = () => {
    run.pair.vanish();
    return new Promise((resolve) => setImmediate(resolve));
  };
  await run.start();
  const { sent, received } = await run.finish();
  expect(sent).toEqual({ code: 'lost', text: 'the peer vanished' });
  expect(received).toMatchObject({ path: '/inbox/movie.mp4' });
});

describe('memory does not depend on the size of the file:', () => {
  test('a slow disk stops the receiver from reading, and then the sender', async () => {
    const size = 40 * SEGMENT_BYTES;
    const { run, inbox } = runOf({ content: new Uint8Array(size) });
    await run.start();
    await run.runUntil(() => run.acceptedCount === 1);
    inbox.gate.isOpen = false;
    for (let turn = 0; turn < 200; turn++) await run.step();
    const heldBytes = run.receiver.progress.transferredBytes;
    const writtenBytes = inbox.log
      .filter((entry) => entry.startsWith('write'))
      .reduce((sum, entry) => sum + Number(entry.slice(6)), 0);
    expect(heldBytes - writtenBytes).toBeGreaterThan((MAX_PENDING_SEGMENTS - 1) * SEGMENT_BYTES);
    expect(heldBytes - writtenBytes).toBeLessThanOrEqual(
      (MAX_PENDING_SEGMENTS + 1) * SEGMENT_BYTES,
    );
    expect(inbox.gate.waitingCount).toBe(1);
    inbox.gate.open();
    await run.finish();
    expect(inbox.published.get('movie.mp4')!.length).toBe(size);
  });

  test('a sender reads no further ahead than its chunks', async () => {
    const { run, source } = runOf({ content: new Uint8Array(40 * SEGMENT_BYTES) });
    await run.sender.prepare();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(source.readBytes).toBe(READ_AHEAD_CHUNKS * SEGMENT_BYTES);
  });
});
