import { describe, expect, it } from 'vitest';
import {
  CONTENT_POOL_BYTES,
  ContentMemory,
  type ContentShare,
  MAX_IDLE_BYTES,
  MIN_SEGMENT_BYTES,
} from '../../../src/transfer/files/content-memory.ts';
import { SEGMENT_BYTES } from '../../../src/transfer/files/disk.ts';
import { MAX_PENDING_SEGMENTS } from '../../../src/transfer/files/receiving/content-writer.ts';
import { READ_AHEAD_CHUNKS } from '../../../src/transfer/files/sending/read-ahead.ts';
import { contentOf, MemoryInbox, MemorySource } from './memory-disk.ts';
import { endOf, TransferRun } from './transfer-run.ts';

/** Takes segments of a file without end until there is no room for another. */
function takeAll(share: ContentShare): Uint8Array[] {
  const segments: Uint8Array[] = [];
  for (;;) {
    const segment = share.take(Infinity, false);
    if (segment === undefined) return segments;
    segments.push(segment);
  }
}

describe('memory for content that transfers share', () => {
  it('is not exceeded by any number of them but for one least segment each', () => {
    const memory = new ContentMemory();
    const shares = Array.from({ length: 100 }, () => memory.share());
    for (const share of shares) takeAll(share);
    expect(memory.heldBytes).toBeGreaterThan(CONTENT_POOL_BYTES - SEGMENT_BYTES);
    expect(memory.heldBytes).toBeLessThanOrEqual(CONTENT_POOL_BYTES);
    // The first ones have taken all of it: whoever came later goes on all the same.
    for (const share of shares) expect(share.take(Infinity, true)).toHaveLength(MIN_SEGMENT_BYTES);
    expect(memory.heldBytes).toBeLessThanOrEqual(CONTENT_POOL_BYTES + 100 * MIN_SEGMENT_BYTES);
  });

  it('gives each less, and smaller segments, the more there are', () => {
    const memory = new ContentMemory();
    const lengths: number[] = [];
    const shares = Array.from({ length: 1_000 }, () => memory.share());
    for (const share of shares) lengths.push(share.take(Infinity, true)!.length);
    const lengthAt = (count: number): number => lengths[count - 1]!;
    const largeCount = CONTENT_POOL_BYTES / 2 / SEGMENT_BYTES;
    expect(lengthAt(largeCount)).toBe(SEGMENT_BYTES);
    expect(lengthAt(largeCount + 1)).toBe(SEGMENT_BYTES / 2);
    expect(lengthAt(2 * largeCount + 1)).toBe(MIN_SEGMENT_BYTES);
    expect(lengthAt(1_000)).toBe(MIN_SEGMENT_BYTES);
    for (const share of shares) share.close();
    expect(memory.segmentBytes).toBe(SEGMENT_BYTES);
    expect(memory.shareBytes).toBe(CONTENT_POOL_BYTES);
    expect(memory.heldBytes).toBe(0);
  });

  it('is given back by whoever is over, whatever comes behind that', () => {
    const memory = new ContentMemory();
    const [first, second] = [memory.share(), memory.share()];
    const segment = first.take(Infinity, true)!;
    second.take(1_000, true);
    first.close();
    first.release(segment);
    first.close();
    expect(memory.heldBytes).toBe(1_000);
    expect(memory.memberCount).toBe(1);
  });

  it('keeps no more segments that nobody needs than its limit', () => {
    const memory = new ContentMemory();
    const share = memory.share();
    const segments = takeAll(share);
    for (const segment of segments) {
      share.release(segment);
      share.recycle(segment);
    }
    expect(memory.idleBytes).toBe(MAX_IDLE_BYTES);
    expect(segments).toContain(share.take(Infinity, true));
    expect(memory.idleBytes).toBe(MAX_IDLE_BYTES - SEGMENT_BYTES);
  });

  it('keeps none of a length that nobody begins any more', () => {
    const memory = new ContentMemory(4 * SEGMENT_BYTES);
    const share = memory.share();
    const large = share.take(Infinity, true)!;
    share.release(large);
    share.recycle(large);
    expect(memory.idleBytes).toBe(SEGMENT_BYTES);
    const others = [memory.share(), memory.share(), memory.share()];
    for (const other of others) other.take(1, true);
    const small = share.take(Infinity, true)!;
    expect(small).toHaveLength(SEGMENT_BYTES / 2);
    share.recycle(small);
    share.recycle(large);
    expect(memory.idleBytes).toBe(SEGMENT_BYTES / 2);
  });
});

/** So little that each of `COUNT` has less than one segment of the smallest length. */
const POOL_BYTES = 1_048_576;
const COUNT = 24;

interface Crowd {
  readonly runs: readonly TransferRun[];
  readonly inboxes: readonly MemoryInbox[];
  readonly sender: ContentMemory;
  readonly receiver: ContentMemory;
}

/** Transfers of one endpoint to another. */
function crowd(content: Uint8Array): Crowd {
  const sender = new ContentMemory(POOL_BYTES);
  const receiver = new ContentMemory(POOL_BYTES);
  const inboxes = Array.from({ length: COUNT }, () => new MemoryInbox());
  const runs = inboxes.map(
    (inbox) =>
      new TransferRun({
        source: new MemorySource({ content }),
        inbox,
        memory: { sender, receiver },
      }),
  );
  return { runs, inboxes, sender, receiver };
}

/** So many steps of all of them, one after another. */
async function stepAll(runs: readonly TransferRun[], times: number): Promise<void> {
  for (let time = 0; time < times; time++) for (const run of runs) await run.step();
}

async function finishAll({ runs, sender, receiver }: Crowd): Promise<void> {
  for (const run of runs) {
    await run.runUntil(() => run.sender.isOver && run.receiver.isOver);
    expect(await endOf(run.receiver.done)).toMatchObject({ fileCount: 1 });
  }
  await stepAll(runs, 2);
  expect([sender.heldBytes, receiver.heldBytes]).toEqual([0, 0]);
  expect([sender.memberCount, receiver.memberCount]).toEqual([0, 0]);
}

describe('many transfers at once', () => {
  const content = contentOf(2 * SEGMENT_BYTES + 1_000);

  it('gather no more than the pool and two least segments each for disks that take nothing', async () => {
    const { runs, inboxes, receiver, ...rest } = crowd(content);
    for (const run of runs) await run.start();
    await stepAll(runs, 2);
    for (const { gate } of inboxes) gate.isOpen = false;
    let mostBytes = 0;
    for (let time = 0; time < 30; time++) {
      await stepAll(runs, 1);
      mostBytes = Math.max(mostBytes, receiver.heldBytes);
    }
    expect(receiver.memberCount).toBe(COUNT);
    expect(mostBytes).toBeGreaterThan(POOL_BYTES);
    expect(mostBytes).toBeLessThanOrEqual(POOL_BYTES + COUNT * 2 * MIN_SEGMENT_BYTES);
    // Alone each of them would have held as much as this.
    expect(mostBytes).toBeLessThan((COUNT * MAX_PENDING_SEGMENTS * SEGMENT_BYTES) / 4);
    for (const { gate } of inboxes) gate.open();
    await finishAll({ runs, inboxes, receiver, ...rest });
  });

  it('read no more ahead than the pool and one least segment each, for peers that do not answer', async () => {
    const { runs, inboxes, sender, ...rest } = crowd(content);
    for (const { gate } of inboxes) gate.isOpen = false;
    for (const run of runs) await run.start();
    let mostBytes = 0;
    for (let time = 0; time < 30; time++) {
      await stepAll(runs, 1);
      mostBytes = Math.max(mostBytes, sender.heldBytes);
    }
    expect(sender.memberCount).toBe(COUNT);
    expect(mostBytes).toBeGreaterThan(POOL_BYTES / 2);
    expect(mostBytes).toBeLessThanOrEqual(POOL_BYTES + COUNT * MIN_SEGMENT_BYTES);
    expect(mostBytes).toBeLessThan((COUNT * READ_AHEAD_CHUNKS * SEGMENT_BYTES) / 4);
    for (const { gate } of inboxes) gate.open();
    await finishAll({ runs, inboxes, sender, ...rest });
  });
});
