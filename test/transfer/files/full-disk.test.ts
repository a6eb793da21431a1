import { expect, test } from 'vitest';
import { NEVER_FITS } from '../../../src/transfer/files/disk.ts';
import { SPACE_RETRY_MS } from '../../../src/transfer/files/receiving/space-wait.ts';
import { TransferError } from '../../../src/transfer/files/transfer-error.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { TransferRun } from './transfer-run.ts';

const content = contentOf(3_000_000);

function runOf(inbox: MemoryInbox, giveUpMs = 60_000): TransferRun {
  return new TransferRun({ source: new MemorySource({ content }), inbox, giveUpMs });
}

/** Until both sides say so. */
async function untilPaused(run: TransferRun): Promise<void> {
  await run.start();
  await run.runUntil(() => run.sender.state === 'paused' && run.receiver.state === 'paused');
}

test('a disk that is full midway pauses both sides, and they go on when there is room', async () => {
  const inbox = new MemoryInbox();
  inbox.roomBytes = 1_000_000;
  const run = runOf(inbox);
  await untilPaused(run);
  expect(run.sender.progress.pauseReason).toBe('no-space');
  expect(run.receiver.progress.pauseReason).toBe('no-space');
  run.passMs(SPACE_RETRY_MS);
  for (let turn = 0; turn < 20; turn++) await run.step();
  expect([run.sender.state, run.receiver.state]).toEqual(['paused', 'paused']);
  inbox.roomBytes = Infinity;
  run.passMs(SPACE_RETRY_MS);
  await run.runUntil(() => run.sender.state !== 'paused');
  expect(run.sender.progress.pauseReason).toBeUndefined();
  await run.finish();
  expect(Buffer.compare(inbox.published.get('movie.mp4')!, content)).toBe(0);
});

test('an offer for which there is no room waits for it before the first byte', async () => {
  const inbox = new MemoryInbox();
  let isFull = true;
  const reserve = inbox.reserve.bind(inbox);
  inbox.reserve = () =>
    isFull ? Promise.reject(new TransferError('no-space', 'no space')) : reserve();
  const run = runOf(inbox);
  await untilPaused(run);
  expect([run.acceptedCount, run.sender.progress.transferredBytes]).toEqual([0, 0]);
  isFull = false;
  run.passMs(SPACE_RETRY_MS);
  await run.finish();
  expect([run.sender.state, inbox.published.size]).toEqual(['done', 1]);
});

test('an offer that is more than the whole disk is refused and not waited for', async () => {
  const inbox = new MemoryInbox();
  const error = new TransferError('no-space', 'no space', { cause: NEVER_FITS });
  inbox.reserve = () => Promise.reject(error);
  const run = runOf(inbox);
  await run.start();
  const end = { code: 'no-space', text: 'no space' };
  expect(await run.finish()).toEqual({ sent: end, received: end });
  expect(inbox.partials.size).toBe(0);
  // What was sent ahead of the answer has arrived nowhere: there is nothing to go on from.
  expect(run.sender.progress.transferredBytes).toBe(0);
});

test('a disk that stays full ends both sides, and the partial is kept', async () => {
  const inbox = new MemoryInbox();
  inbox.roomBytes = 1_000_000;
  const run = runOf(inbox, 3 * SPACE_RETRY_MS);
  await untilPaused(run);
  for (let tries = 0; tries < 3; tries++) {
    run.passMs(SPACE_RETRY_MS);
    for (let turn = 0; turn < 5; turn++) await run.step();
  }
  const end = { code: 'no-space', text: 'the disk is full' };
  expect(await run.finish()).toEqual({ sent: end, received: end });
  expect([inbox.log.at(-1), inbox.published.size]).toEqual(['keep', 0]);
});

test.each(['sender', 'receiver'] as const)(
  'a %s that cancels while the disk is full ends both sides at once',
  async (side) => {
    const inbox = new MemoryInbox();
    inbox.roomBytes = 1_000_000;
    const run = runOf(inbox);
    await untilPaused(run);
    run[side].cancel();
    const { sent, received } = await run.finish();
    expect([sent, received]).toEqual([
      expect.objectContaining({ code: 'cancelled' }),
      expect.objectContaining({ code: 'cancelled' }),
    ]);
    expect(inbox.log.at(-1)).toBe('keep');
  },
);

test('what goes on from an earlier transfer is checked against the whole source', async () => {
  for (const damage of [false, true]) {
    const inbox = new MemoryInbox();
    inbox.left = content.slice(0, 2_000_000);
    if (damage) inbox.left[5]! ^= 1;
    const run = runOf(inbox);
    await run.start();
    const { sent } = await run.finish();
    expect(sent).toMatchObject({ fileCount: 1 });
    expect(Buffer.compare(inbox.published.get('movie.mp4')!, content)).toBe(0);
    expect(inbox.log.includes('restart')).toBe(damage);
    expect(run.pair.opener.writtenBytes > content.length).toBe(damage);
  }
});

test('what is damaged also when it was sent again from its beginning is given up', async () => {
  const inbox = new MemoryInbox();
  inbox.left = contentOf(2_000_000, 2);
  const run = new TransferRun({ source: new MemorySource({ content }), inbox });
  // One bit behind the restart, as no sealed network could: content alone is so long a piece.
  run.pair.opener.onWire = (bytes, at) => {
    if (at > 2_000_000 && bytes.length > 100_000) bytes[50_000]! ^= 1;
  };
  await run.start();
  const end = { code: 'integrity', text: 'what arrived is not what was sent' };
  expect(await run.finish()).toEqual({ sent: end, received: end });
  expect(inbox.log).toContain('restart');
  expect([inbox.published.size, inbox.partials.size]).toEqual([0, 0]);
});
