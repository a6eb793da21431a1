import { expect, test } from 'vitest';
import {
  CHECKPOINT_BYTES,
  DiskContent,
  MAX_UNSYNCED_BYTES,
} from '../../../../src/transfer/io/disk/disk-content.ts';
import type { DiskHandle } from '../../../../src/transfer/io/disk/disk-files.ts';

const PIECE_BYTES = CHECKPOINT_BYTES / 4;

/** A disk that takes everything at once, and syncs when it is told to. */
function slowDisk(): { handle: DiskHandle; sync: () => void; readonly syncCount: number } {
  const waiting: (() => void)[] = [];
  const nothing = (): Promise<void> => Promise.resolve();
  let syncCount = 0;
  return {
    handle: {
      read: () => Promise.resolve({ bytesRead: 0 }),
      write: (_source, _offset, length) => Promise.resolve({ bytesWritten: length }),
      chmod: nothing,
      utimes: nothing,
      truncate: nothing,
      stat: () => Promise.reject(new Error('nobody asks')),
      sync: nothing,
      datasync: () => {
        syncCount++;
        return new Promise((resolve) => waiting.push(resolve));
      },
      close: nothing,
    },
    sync: () => waiting.shift()?.(),
    get syncCount() {
      return syncCount;
    },
  };
}

test('so much content may wait for a sync and no more, and a sync covers all that was written before it', async () => {
  const disk = slowDisk();
  const durable: number[] = [];
  const content = new DiskContent({
    ...{ handle: disk.handle, startBytes: 0, nowMs: () => 0 },
    onDurable: (bytes) => Promise.resolve(void durable.push(bytes)),
  });
  const piece = new Uint8Array(PIECE_BYTES).fill(1);
  for (let bytes = PIECE_BYTES; bytes < MAX_UNSYNCED_BYTES; bytes += PIECE_BYTES) {
    await content.append(piece);
  }
  expect([disk.syncCount, content.writtenBytes]).toEqual([1, MAX_UNSYNCED_BYTES - PIECE_BYTES]);
  let isTaken = false;
  const last = content.append(piece).then(() => (isTaken = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isTaken).toBe(false);
  disk.sync();
  await last;
  // The next sync runs beside what comes now.
  expect([disk.syncCount, durable]).toEqual([2, [CHECKPOINT_BYTES]]);
  disk.sync();
  await content.close();
  expect(durable).toEqual([CHECKPOINT_BYTES, MAX_UNSYNCED_BYTES]);
});
