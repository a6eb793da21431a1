import { expect, test } from 'vitest';
import { ContentMemory } from '../../../../src/transfer/files/content-memory.ts';
import { SEGMENT_BYTES } from '../../../../src/transfer/files/disk.ts';
import { READ_AHEAD_CHUNKS, ReadAhead } from '../../../../src/transfer/files/sending/read-ahead.ts';

test('what stands in the stream is held of the memory for content no more, and more is read in its place', async () => {
  const source = {
    sizeBytes: 10 * SEGMENT_BYTES,
    isSizeKnown: true,
    ...{ mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n },
    read: (target: Uint8Array) => Promise.resolve(target.length),
    isUnchanged: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  };
  const memory = new ContentMemory();
  const readAhead = new ReadAhead(source, 0, memory.share(), () => undefined);
  const fullBytes = READ_AHEAD_CHUNKS * SEGMENT_BYTES;
  readAhead.start();
  let takenBytes = 0;
  while (takenBytes < source.sizeBytes) {
    const left = Math.min(fullBytes, source.sizeBytes - takenBytes);
    await expect.poll(() => memory.heldBytes).toBe(left);
    takenBytes += readAhead.take(SEGMENT_BYTES)!.length;
    readAhead.onWritten(takenBytes);
  }
  expect(memory.heldBytes).toBe(0);
  expect(readAhead.isFinished).toBe(true);
});
