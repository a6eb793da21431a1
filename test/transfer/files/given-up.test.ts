import { expect, test } from 'vitest';
import { StreamDisk } from '../../../src/transfer/files/byte-stream.ts';
import {
  HUNG_DISK_WAIT_MS,
  MAX_DISK_WAIT_MS,
  PAUSE_GRACE_MS,
  SIGN_EVERY_MS,
} from '../../../src/transfer/files/idle-watch.ts';
import type { ReceivePolicy } from '../../../src/transfer/files/receiving/receive-policy.ts';
import { TransferError } from '../../../src/transfer/files/transfer-error.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { type RunOptions, TransferRun } from './transfer-run.ts';

const GIVE_UP_MS = 60_000;
/** Much more than is read ahead, or waits for a disk. */
const BYTES = 6_000_000;
const content = contentOf(BYTES);

function runOf(options: Partial<RunOptions> = {}): TransferRun {
  const source = new MemorySource({ content });
  const pair = { stepBytes: 200_000, creditBytes: 400_000 };
  return new TransferRun({
    ...{ source, inbox: new MemoryInbox(), pair, giveUpMs: GIVE_UP_MS },
    ...options,
  });
}

/** Until some of it has arrived. */
async function midway(run: TransferRun): Promise<void> {
  await run.start();
  await run.runUntil(() => run.receiver.progress.transferredBytes > BYTES / 10);
}

async function steps(run: TransferRun, count = 20): Promise<void> {
  for (let step = 0; step < count; step++) await run.step();
}

function failure(cause: string): { sent: object; received: object } {
  const end = { code: 'stalled', text: `given up after 60 s: ${cause}` };
  return { sent: end, received: end };
}

test('a disk of the receiver that hangs is given up by both sides, and its partial stays', async () => {
  const inbox = new MemoryInbox();
  const run = runOf({ inbox });
  await midway(run);
  inbox.gate.isOpen = false;
  await steps(run);
  run.passMs(GIVE_UP_MS - 1_000);
  await steps(run);
  expect([run.sender.state, run.receiver.state]).toEqual(['stalled', 'stalled']);
  run.passMs(1_000);
  run.passMs(HUNG_DISK_WAIT_MS);
  expect(await run.finish()).toEqual(failure("the receiver's disk takes nothing"));
  expect(inbox.partials.get('movie.mp4')!.length).toBeGreaterThan(0);
  // It comes back too late for this transfer, and puts away what there is.
  inbox.gate.open();
  await steps(run);
  expect(inbox.log.at(-1)).toBe('keep');
});

test('a disk that hangs while it gives a file its name is given up too', async () => {
  const inbox = new MemoryInbox();
  const run = runOf({ inbox });
  let goOn = (): void => undefined;
  inbox.beforeNaming = () => new Promise((resolve) => (goOn = resolve));
  await run.start();
  await run.runUntil(() => run.receiver.progress.transferredBytes === BYTES);
  await steps(run);
  run.passMs(GIVE_UP_MS);
  run.passMs(HUNG_DISK_WAIT_MS);
  expect(await run.finish()).toEqual(failure("the receiver's disk takes nothing"));
  // Both were told that it failed: it gets no name any more.
  goOn();
  await steps(run);
  expect([inbox.published.size, inbox.log.at(-1)]).toEqual([0, 'keep']);
});

test('a source that hangs is given up by both sides, and what has come is kept', async () => {
  const inbox = new MemoryInbox();
  const source = new MemorySource({ content });
  const run = runOf({ inbox, source });
  await midway(run);
  source.gate.isOpen = false;
  await steps(run);
  run.passMs(GIVE_UP_MS);
  run.passMs(HUNG_DISK_WAIT_MS);
  expect(await run.finish()).toEqual(failure("the sender's source gives nothing"));
  expect(inbox.log.at(-1)).toBe('keep');
});

test('a source that hangs before anything is connected is given up', async () => {
  const source = new MemorySource({ content });
  source.gate.isOpen = false;
  const run = runOf({ source });
  const starting = run.start();
  run.passMs(GIVE_UP_MS);
  run.passMs(HUNG_DISK_WAIT_MS);
  await expect(run.sender.done).rejects.toMatchObject({ code: 'stalled' });
  source.gate.open();
  await starting;
  expect(run.pair.opener.writtenBytes).toBe(0);
});

test('an offer that nobody answers is given up by both sides', async () => {
  const policy: ReceivePolicy = () => new Promise(() => undefined);
  const run = runOf({ policy });
  await run.start();
  await steps(run);
  run.passMs(GIVE_UP_MS);
  expect(await run.finish()).toEqual(failure('the offer is not answered'));
});

test('a disk that is slow is not given up, however long it takes', async () => {
  const inbox = new MemoryInbox();
  const run = runOf({ inbox });
  await midway(run);
  inbox.gate.isOpen = false;
  while (run.receiver.progress.transferredBytes < BYTES && !run.receiver.isOver) {
    await steps(run, 10);
    run.passMs(GIVE_UP_MS / 2);
    inbox.gate.release();
    await run.step();
  }
  inbox.gate.open();
  expect((await run.finish()).sent).toMatchObject({ fileCount: 1 });
  expect(run.nowUs).toBeGreaterThan(5 * GIVE_UP_MS * 1_000);
});

test('a pipe that is silent is shown as stalled, and waited for without end', async () => {
  let give: (bytes: Uint8Array | undefined) => void = () => undefined;
  const read = (): Promise<Uint8Array | undefined> => new Promise((resolve) => (give = resolve));
  const stream = { name: 'log', source: { read, close: () => undefined } };
  const inbox = new MemoryInbox();
  const run = runOf({ source: new StreamDisk(stream, 0), paths: [''], inbox });
  await run.start();
  await steps(run);
  give(contentOf(10));
  await steps(run);
  for (let turn = 0; turn < 10; turn++) {
    run.passMs(GIVE_UP_MS);
    await run.step();
  }
  expect([run.sender.state, run.receiver.state]).toEqual(['stalled', 'stalled']);
  give(undefined);
  expect((await run.finish()).sent).toMatchObject({ totalBytes: 10 });
});

test('a receiver that pauses for ever is given up a minute after its own turn to do so', async () => {
  const inbox = new MemoryInbox();
  inbox.roomBytes = 1_000_000;
  const run = runOf({ inbox });
  await run.start();
  await run.runUntil(() => run.sender.state === 'paused');
  await steps(run);
  // It says nothing from here on.
  run.receiver.onClosed({ code: 4, reason: '', byPeer: false });
  run.passMs(GIVE_UP_MS + PAUSE_GRACE_MS - 1_000);
  await run.step();
  expect(run.sender.state).toBe('paused');
  run.passMs(3_000);
  await steps(run);
  await expect(run.sender.done).rejects.toMatchObject({ code: 'no-space' });
});

/** What goes on from all but a tenth: most of the time is reading for the hash. */
async function checkedFor(side: 'sender' | 'receiver'): Promise<{ run: TransferRun; ms: number }> {
  const inbox = new MemoryInbox();
  inbox.left = content.slice(0, BYTES - BYTES / 10);
  const claimFile = inbox.claimFile.bind(inbox);
  const source = new MemorySource({ content });
  const run = runOf({ inbox, source });
  const takeLong = (): void => {
    run.passMs(GIVE_UP_MS / 5);
  };
  if (side === 'receiver') {
    inbox.claimFile = async (request) => {
      const file = await claimFile(request);
      const read = file.read.bind(file);
      file.read = async (target, at) => {
        // As on a real disk, the other side has its turns meanwhile.
        await new Promise((resolve) => setImmediate(resolve));
        if (run.receiver.progress.transferredBytes === BYTES) takeLong();
        return read(target, at);
      };
      return file;
    };
  } else {
    const open = source.open.bind(source);
    source.open = async () => {
      const file = await open();
      const read = file.read.bind(file);
      file.read = async (target, at) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (run.receiver.progress.transferredBytes === BYTES) takeLong();
        return read(target, at);
      };
      return file;
    };
  }
  await run.start();
  const startedUs = run.nowUs;
  expect(await run.finish()).toMatchObject({ sent: { fileCount: 1 }, received: { fileCount: 1 } });
  return { run, ms: (run.nowUs - startedUs) / 1_000 };
}

test.each(['sender', 'receiver'] as const)(
  'a %s that reads for long what was there before is not given up, nor called stalled',
  async (side) => {
    const { ms } = await checkedFor(side);
    expect(ms).toBeGreaterThan(2 * GIVE_UP_MS);
    expect(ms).toBeGreaterThan(10 * SIGN_EVERY_MS);
  },
);

test('a cancelled transfer whose disk hangs ends all the same', async () => {
  const inbox = new MemoryInbox();
  const run = runOf({ inbox });
  await midway(run);
  inbox.gate.isOpen = false;
  await steps(run);
  run.receiver.cancel();
  let isOver = false;
  run.receiver.done.catch(() => (isOver = true));
  await steps(run);
  expect(isOver).toBe(false);
  run.passMs(MAX_DISK_WAIT_MS);
  await steps(run);
  expect(isOver).toBe(true);
  await expect(run.receiver.done).rejects.toThrow(TransferError);
});
