import { expect, test } from 'vitest';
import { ContentMemory } from '../../../../src/transfer/files/content-memory.ts';
import { ContentWriter } from '../../../../src/transfer/files/receiving/content-writer.ts';

test('all is written when drain resolves, also what was appended while the last write was told of', async () => {
  let writtenBytes = 0;
  const ends: (() => void)[] = [];
  let drained: Promise<void> | undefined;
  const writer: ContentWriter = new ContentWriter({
    write: async (segment) => {
      await new Promise<void>((resolve) => ends.push(resolve));
      writtenBytes += segment.length;
    },
    sizeBytes: Infinity,
    share: new ContentMemory().share(),
    isPrompt: true,
    onChange: () => {
      if (drained !== undefined) return;
      writer.append(new Uint8Array(1));
      drained = writer.drain();
    },
  });
  writer.append(new Uint8Array(1));
  ends.shift()!();
  await expect.poll(() => ends.length).toBe(1);
  expect(await Promise.race([drained, Promise.resolve('waits')])).toBe('waits');
  ends.shift()!();
  await drained;
  expect(writtenBytes).toBe(2);
});
