import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ClaimedFolder, StoredFile } from '../../../../src/transfer/files/disk.ts';
import type { DiskFiles } from '../../../../src/transfer/io/disk/disk-files.ts';
import { contentOf, offeredFile } from '../../files/memory-disk.ts';
import { inboxIn, recordingFiles, systemError, useTemporaryFolder } from './disk-folder.ts';

const folder = useTemporaryFolder();
const content = contentOf(300_000);
const file: StoredFile = {
  entry: offeredFile({ name: 'photos/a', sizeBytes: content.length }),
  storedPath: 'a',
};
const photos = offeredFile({ kind: 'folder', name: 'photos', sizeBytes: 0 });

function claim(files?: DiskFiles): Promise<ClaimedFolder> {
  const inbox = inboxIn(folder.path, files);
  const request = { peer: 'derek', entry: photos, storedName: 'photos' };
  return inbox.claimFolder({ ...request, conflict: 'rename' });
}

/** A transfer that ended after 200,000 bytes of the file. */
async function interrupt(): Promise<void> {
  const claimed = await claim();
  const partial = claimed.open(file, 0);
  await partial.append(content.subarray(0, 200_000));
  await partial.keep();
  await claimed.leave();
}

test('content that comes while what is there is read goes into the one file that is open', async () => {
  await interrupt();
  const log: string[] = [];
  const claimed = await claim(recordingFiles(log));
  expect(await claimed.find(file)).toEqual({ startBytes: 200_000 });
  const partial = claimed.open(file, 200_000);
  const [bytesRead] = await Promise.all([
    partial.read(new Uint8Array(1_000), 0),
    partial.append(content.subarray(200_000)),
  ]);
  expect([bytesRead, partial.writtenBytes]).toEqual([1_000, content.length]);
  await partial.keep();
  expect(log.filter((call) => call === 'open part')).toHaveLength(1);
  expect(log.filter((call) => call === 'close part')).toHaveLength(1);
  const stored = await readFile(join(folder.path, 'photos.part/a'));
  expect(Buffer.compare(stored, content)).toBe(0);
  await claimed.leave();
});

test('a file that is given up while it is being opened is closed', async () => {
  for (const end of ['keep', 'discard'] as const) {
    const log: string[] = [];
    const claimed = await claim(recordingFiles(log));
    const partial = claimed.open(file, 0);
    await Promise.all([partial.append(content), partial[end]()]);
    expect(log.filter((call) => call === 'close part')).toHaveLength(1);
    await claimed.leave();
  }
});

test('a file that cannot be removed is closed, and the folder is free for the next transfer', async () => {
  const files = recordingFiles([], (call) => {
    if (call === 'unlink') throw systemError('EIO');
  });
  const claimed = await claim(files);
  const partial = claimed.open(file, 0);
  await partial.append(content);
  await expect(partial.discard()).rejects.toMatchObject({ message: 'EIO' });
  await expect(claimed.leave()).rejects.toMatchObject({ message: 'EIO' });
  await (await claim()).leave();
  expect((await readdir(folder.path)).sort()).toEqual(['photos.part', 'photos.part.state']);
});
