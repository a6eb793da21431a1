import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ReceivePolicy } from '../../../src/transfer/files/receiving/receive-policy.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { TransferRun } from './transfer-run.ts';

const content = contentOf(400_000);
const sides = ['sender', 'receiver'] as const;
const reasons = { sender: 'cancelled by the sender', receiver: 'cancelled by the receiver' };

test('a cancel from either side at any step ends both with one reason, or came too late', async () => {
  let tooLateCount = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sides),
      fc.integer({ min: 0, max: 45 }),
      fc.constantFrom(15_000, 60_000),
      async (side, steps, stepBytes) => {
        const inbox = new MemoryInbox();
        // Naming takes a while, so that some cancels come while the file is being published.
        inbox.beforeNaming = () => new Promise((resolve) => setImmediate(resolve));
        const source = new MemorySource({ content });
        const run = new TransferRun({ source, inbox, pair: { stepBytes } });
        await run.start();
        for (let step = 0; step < steps; step++) await run.step();
        run[side].cancel();
        const { sent, received } = await run.finish();
        if (run.sender.state === 'done') tooLateCount++;
        const isPublished = inbox.published.size === 1;
        expect(run.receiver.state).toBe(isPublished ? 'done' : 'failed');
        if (run.sender.state === 'done') expect(run.receiver.state).toBe('done');
        else expect(sent).toEqual({ code: 'cancelled', text: reasons[side] });
        if (!isPublished) expect(received).toEqual({ code: 'cancelled', text: reasons[side] });
        const hasPartial = inbox.partials.get('movie.mp4');
        expect(hasPartial?.length).not.toBe(0);
        expect(source.isClosed).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
  expect(tooLateCount).toBeGreaterThan(0);
});

test('a transfer cancelled while its source is opened needs no connection', async () => {
  const source = new MemorySource({ content });
  source.gate.isOpen = false;
  const run = new TransferRun({ source, inbox: new MemoryInbox() });
  const prepared = run.sender.prepare();
  // The file is found, and nothing behind it; then the opening waits.
  for (let passed = 0; passed < 2; passed++) {
    source.gate.release();
    while (source.gate.waitingCount === 0) await Promise.resolve();
  }
  run.sender.cancel();
  source.gate.open();
  expect(await prepared).toBe(false);
  await expect(run.sender.done).rejects.toMatchObject({ code: 'cancelled' });
  expect(source.isClosed).toBe(true);
});

test('whoever is asked about an offer hears that it was cancelled, and is asked about nothing more of it', async () => {
  const asked: string[] = [];
  const policy: ReceivePolicy = ({ name, signal }) => {
    asked.push(name);
    return new Promise((resolve) => {
      const refuse = (): void => {
        resolve({ type: 'reject', code: 'refused', reason: 'too late' });
      };
      signal.addEventListener('abort', refuse);
    });
  };
  const inbox = new MemoryInbox();
  const paths = ['/home/derek/movie.mp4', '/home/derek/other.mp4'];
  const run = new TransferRun({ source: new MemorySource({ content }), inbox, policy, paths });
  await run.start();
  await run.runUntil(() => asked.length > 0);
  run.sender.cancel();
  const { received } = await run.finish();
  expect(received).toEqual({ code: 'cancelled', text: 'cancelled by the sender' });
  expect(asked).toEqual(['movie.mp4']);
  expect(inbox.log).toEqual([]);
});

test('a transfer cancelled while its connection opens closes it', async () => {
  const run = new TransferRun({ source: new MemorySource({ content }), inbox: undefined });
  await run.sender.prepare();
  run.sender.onOpening(run.pair.opener);
  run.sender.cancel();
  expect(run.pair.opener.closedWith?.reason).toBe('cancelled by the sender');
  expect(run.sender.state).toBe('failed');
});

test('a partial made while its transfer was being cancelled is removed', async () => {
  const inbox = new MemoryInbox();
  inbox.gate.isOpen = false;
  const run = new TransferRun({ source: new MemorySource({ content }), inbox });
  await run.start();
  await run.runUntil(() => inbox.gate.waitingCount === 1);
  run.receiver.cancel();
  inbox.gate.open();
  await run.finish();
  await run.step();
  expect([inbox.log, inbox.partials.size]).toEqual([['create', 'discard'], 0]);
});

test('a receiver that cancels while the file gets its name keeps what it said to its peer', async () => {
  const inbox = new MemoryInbox();
  const run = new TransferRun({ source: new MemorySource({ content }), inbox });
  inbox.beforeNaming = () => {
    run.receiver.cancel();
  };
  await run.start();
  const { sent, received } = await run.finish();
  expect(received).toEqual({ code: 'cancelled', text: 'cancelled by the receiver' });
  expect(sent).toEqual(received);
  expect([inbox.published.size, inbox.log.at(-1)]).toEqual([0, 'keep']);
});

test('a second cancel, and one after the end, change nothing', async () => {
  const run = new TransferRun({ source: new MemorySource({ content }), inbox: new MemoryInbox() });
  await run.start();
  await run.finish();
  run.sender.cancel();
  run.receiver.cancel();
  expect([run.sender.state, run.receiver.state]).toEqual(['done', 'done']);
});
