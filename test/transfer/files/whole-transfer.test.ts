import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CloseCode } from '../../../src/transfer/core/transport.ts';
import { SEGMENT_BYTES } from '../../../src/transfer/files/disk.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { TransferRun } from './transfer-run.ts';

const sizes = [0, 1, 65_535, 65_536, 65_537, SEGMENT_BYTES, SEGMENT_BYTES + 1, 5_000_001];

test.each(sizes)(
  'a file of %i bytes arrives as it was, and both sides say the same',
  async (size) => {
    const content = contentOf(size);
    const inbox = new MemoryInbox();
    const source = new MemorySource({ content });
    const run = new TransferRun({ source, inbox });
    await run.start();
    const { sent, received } = await run.finish();
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(sent).toMatchObject({ totalBytes: size, sha256, path: '/home/derek/movie.mp4' });
    expect(received).toMatchObject({ totalBytes: size, sha256, path: '/inbox/movie.mp4' });
    expect(Buffer.compare(inbox.published.get('movie.mp4')!, content)).toBe(0);
    expect(run.sender.progress.transferredBytes).toBe(size);
    expect(run.receiver.progress.transferredBytes).toBe(size);
    expect([run.sender.state, run.receiver.state, run.acceptedCount]).toEqual(['done', 'done', 1]);
    expect(run.pair.opener.closedWith?.code).toBe(CloseCode.ok);
    expect(source.isClosed).toBe(true);
  },
);

test('a file arrives whatever the pieces in which its bytes travel', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 400_000 }),
      fc.integer({ min: 1, max: 70_000 }),
      fc.integer({ min: 1_000, max: 300_000 }),
      fc.integer({ min: 65_536, max: 300_000 }),
      async (size, pieceBytes, stepBytes, creditBytes) => {
        const content = contentOf(size, size);
        const inbox = new MemoryInbox();
        const pair = { pieceBytes, stepBytes, creditBytes };
        const run = new TransferRun({ source: new MemorySource({ content }), inbox, pair });
        await run.start();
        await run.finish();
        expect(Buffer.compare(inbox.published.get('movie.mp4')!, content)).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

test('a small file leaves with its offer, before anything is answered', async () => {
  const source = new MemorySource({ content: contentOf(1_000) });
  const run = new TransferRun({ source, inbox: new MemoryInbox() });
  await run.start();
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  // OFFER 5 + 47 + 9, REPORT 5 + 66, FILE 5 + 36 + 1,000.
  expect(run.pair.opener.writtenBytes).toBe(61 + 71 + 1_041);
});

test('before it is accepted a sender puts no more on the stream than the first credit', async () => {
  const inbox = new MemoryInbox();
  inbox.gate.isOpen = false;
  const source = new MemorySource({ content: contentOf(3_000_000) });
  const run = new TransferRun({ source, inbox });
  await run.start();
  for (let turn = 0; turn < 20; turn++) await run.step();
  expect(run.pair.opener.writtenBytes).toBeGreaterThan(60_000);
  expect(run.pair.opener.writtenBytes).toBeLessThanOrEqual(65_536);
  inbox.gate.open();
  await run.finish();
  expect(run.receiver.state).toBe('done');
});

test.each([65_400, 65_450, 65_480, 65_500, 65_536])(
  'a file of %i bytes, at the edge of the first credit, does not get stuck',
  async (size) => {
    const inbox = new MemoryInbox();
    inbox.gate.isOpen = false;
    const source = new MemorySource({ content: contentOf(size) });
    const run = new TransferRun({ source, inbox });
    await run.start();
    for (let turn = 0; turn < 20; turn++) await run.step();
    expect(run.pair.opener.writtenBytes).toBeLessThanOrEqual(65_536);
    inbox.gate.open();
    await run.finish();
    expect(inbox.published.get('movie.mp4')?.length).toBe(size);
  },
);

test('an offer waits for memory of the endpoint and is accepted when there is some', async () => {
  const source = new MemorySource({ content: contentOf(200_000) });
  const run = new TransferRun({
    source,
    inbox: new MemoryInbox(),
    pair: { creditRefusals: 2 },
  });
  await run.start();
  for (let turn = 0; turn < 20; turn++) await run.step();
  expect(run.acceptedCount).toBe(0);
  // Asked in vain it does not wake its driver, which would ask again at once.
  const { wakeCount } = run;
  run.receiver.onCreditFreed();
  expect([run.wakeCount, run.acceptedCount]).toEqual([wakeCount, 0]);
  run.receiver.onCreditFreed();
  expect(run.wakeCount).toBeGreaterThan(wakeCount);
  expect(run.acceptedCount).toBe(1);
  await run.finish();
  expect(run.receiver.state).toBe('done');
});

test('DONE is said after the disk said that the file is published, not before', async () => {
  const inbox = new MemoryInbox();
  const run = new TransferRun({ source: new MemorySource({ content: contentOf(10) }), inbox });
  let isNaming = false;
  let letName = (): void => undefined;
  inbox.beforeNaming = () => {
    isNaming = true;
    return new Promise((resolve) => (letName = resolve));
  };
  await run.start();
  await run.runUntil(() => isNaming);
  const writtenBytes = run.pair.responder.writtenBytes;
  for (let turn = 0; turn < 20; turn++) await run.step();
  expect(run.pair.responder.writtenBytes).toBe(writtenBytes);
  expect([run.sender.state, run.receiver.state]).toEqual(['running', 'running']);
  letName();
  await run.finish();
  expect(run.pair.responder.writtenBytes).toBe(writtenBytes + 12 + 5); // LIMIT, DONE
  expect(inbox.log).toEqual(['create', 'write 10', 'publish', 'told', 'confirm']);
});

test('both sides flush at the end of each of their turns', async () => {
  const source = new MemorySource({ content: contentOf(500_000) });
  const run = new TransferRun({ source, inbox: new MemoryInbox() });
  await run.start();
  await run.finish();
  expect(run.pair.opener.flushCount).toBe(2); // OFFER with what follows it, END
  expect(run.pair.responder.flushCount).toBe(2); // ACCEPT, DONE
});

test('progress counts what the other side holds, and at what rate it grew', async () => {
  const source = new MemorySource({ content: contentOf(5_000_000) });
  const pair = { stepBytes: 10_000, creditBytes: 1_000_000 };
  const run = new TransferRun({ source, inbox: new MemoryInbox(), pair });
  await run.start();
  let lastBytes = 0;
  await run.runUntil(() => {
    const { transferredBytes, totalBytes } = run.sender.progress;
    expect(totalBytes).toBe(5_000_000);
    expect(transferredBytes).toBeGreaterThanOrEqual(lastBytes);
    expect(transferredBytes).toBeLessThanOrEqual(run.pair.opener.acknowledgedBytes);
    lastBytes = transferredBytes;
    return transferredBytes > 2_000_000;
  });
  // 10,000 bytes a step of 1 ms, 5 of each record of 64 KiB not content.
  expect(run.receiver.progress.bytesPerSec).toBeGreaterThan(9_500_000);
  expect(run.receiver.progress.bytesPerSec).toBeLessThan(10_500_000);
  run.sender.onStalled(run.nowUs - 7_000_000);
  expect([run.sender.state, run.sender.progress.stalledMs]).toEqual(['stalled', 7_000]);
  run.sender.onResumed();
  expect([run.sender.state, run.sender.progress.stalledMs]).toEqual(['running', 0]);
});
