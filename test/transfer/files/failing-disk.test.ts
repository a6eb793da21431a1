import { expect, test } from 'vitest';
import { SPACE_RETRY_MS } from '../../../src/transfer/files/receiving/space-wait.ts';
import { TransferError } from '../../../src/transfer/files/transfer-error.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { TransferRun } from './transfer-run.ts';

/** Several files, and a disk that fails while they come, on either side. */

const tooLarge = new TransferError('local-file', 'the inbox cannot be written: too large');

test('a disk that takes none of many large files fails each of them, and nothing waits', async () => {
  const inbox = new MemoryInbox();
  inbox.roomBytes = 500_000;
  inbox.writeError = tooLarge;
  const source = new MemorySource({ content: contentOf(8_000_000) });
  const run = new TransferRun({ source, inbox, paths: ['/a', '/b', '/c', '/d', '/e'] });
  await run.start();
  const { sent, received } = await run.finish();
  const text = `none of 5 was delivered; a: ${tooLarge.message}`;
  expect(sent).toEqual({ code: 'refused', text });
  expect(received).toEqual({ code: 'local-file', text });
});

test('a source that is gone when it is asked for again is left out, as one that is gone before', async () => {
  const inbox = new MemoryInbox();
  inbox.left = contentOf(500_000, 2);
  const source = new MemorySource({ content: contentOf(1_000_000) });
  const run = new TransferRun({ source, inbox, paths: ['/a', '/b'] });
  await run.start();
  const { sent, received } = await run.finish(() => {
    if (inbox.log.includes('restart')) source.openError = new TransferError('local-file', 'gone');
  });
  const text = 'none of 2 was delivered; a: gone';
  expect(sent).toEqual({ code: 'local-file', text });
  expect(received).toEqual({ code: 'refused', text });
  expect(inbox.log.filter((call) => call === 'discard')).toHaveLength(2);
});

test('a cancel while the disk is full puts each file away once', async () => {
  const inbox = new MemoryInbox();
  inbox.roomBytes = 500_000;
  const source = new MemorySource({ content: contentOf(8_000_000) });
  const run = new TransferRun({ source, inbox, paths: ['/a', '/b'], giveUpMs: 60_000 });
  await run.start();
  await run.runUntil(() => run.receiver.state === 'paused' && run.sender.state === 'paused');
  run.receiver.cancel();
  await run.finish();
  expect(inbox.log.filter((call) => call === 'keep' || call === 'discard')).toEqual([
    'keep',
    'discard',
  ]);
});

test('a cancel does not wait for the room that a file needs to get its name', async () => {
  const inbox = new MemoryInbox();
  inbox.beforeNaming = () => Promise.reject(new TransferError('no-space', 'the disk is full'));
  const source = new MemorySource({ content: contentOf(1_000) });
  const run = new TransferRun({ source, inbox, giveUpMs: 60_000 });
  await run.start();
  await run.runUntil(() => run.receiver.state === 'paused');
  const pausedAtUs = run.nowUs;
  run.receiver.cancel();
  const { received } = await run.finish();
  expect(received).toMatchObject({ code: 'cancelled' });
  expect(run.nowUs - pausedAtUs).toBeLessThan(SPACE_RETRY_MS * 1_000);
  expect([inbox.log.at(-1), inbox.published.size]).toEqual(['keep', 0]);
});

test('a try that gives way while its place is looked for is over when that is free', async () => {
  const inbox = new MemoryInbox();
  const source = new MemorySource({ content: contentOf(1_000) });
  const run = new TransferRun({ source, inbox, giveUpMs: 60_000 });
  await run.start();
  inbox.gate.isOpen = false;
  await run.runUntil(() => inbox.log.includes('create'));
  run.receiver.giveWay();
  let isOver = false;
  run.receiver.done.catch(() => (isOver = true));
  for (let turn = 0; turn < 20; turn++) await run.step();
  expect(isOver).toBe(false);
  inbox.gate.open();
  await run.runUntil(() => isOver);
  expect(inbox.log.at(-1)).toBe('discard');
});

test('a transfer that fails while somebody is asked waits for no answer, and lets go of a late one', async () => {
  const aborted: string[] = [];
  const into = {
    write: () => Promise.resolve(),
    end: () => Promise.resolve(),
    abort: ({ code }: TransferError) => aborted.push(code),
  };
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const run = new TransferRun({
    source: new MemorySource({ content: contentOf(1_000) }),
    inbox: undefined,
    policy: async () => {
      await answered;
      return { type: 'accept', storedName: 'a', into, keptFreeShare: 0, limitBytes: Infinity };
    },
    giveUpMs: 60_000,
  });
  await run.start();
  await run.runUntil(() => run.receiver.name !== '');
  run.receiver.cancel();
  expect((await run.finish()).received).toMatchObject({ code: 'cancelled' });
  answer();
  await run.step();
  expect(aborted).toEqual(['cancelled']);
});

test('a file that fails on both sides at once is left out, and the next one comes', async () => {
  const inbox = new MemoryInbox();
  inbox.roomBytes = 500_000;
  inbox.writeError = tooLarge;
  const source = new MemorySource({ content: contentOf(8_000_000), failsAtByte: 1_500_000 });
  const run = new TransferRun({ source, inbox, paths: ['/a', '/b'] });
  await run.start();
  const { sent, received } = await run.finish();
  expect(sent).toMatchObject({
    text: expect.stringContaining('none of 2 was delivered') as string,
  });
  expect(received).toMatchObject({ text: `none of 2 was delivered; a: ${tooLarge.message}` });
});

test.each(['sender', 'receiver'] as const)(
  'a %s that cancels while nothing comes or goes is sent for at once',
  async (side) => {
    const source = new MemorySource({ content: contentOf(8_000_000) });
    const inbox = new MemoryInbox();
    inbox.roomBytes = 500_000;
    const run = new TransferRun({ source, inbox, giveUpMs: 60_000 });
    await run.start();
    await run.runUntil(() => run.receiver.state === 'paused' && run.sender.state === 'paused');
    const { wakeCount } = run;
    run[side].cancel();
    expect(run.wakeCount).toBe(wakeCount + 1);
    await run.finish();
  },
);
