import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createReceivePolicy } from '../../../../src/transfer/files/receiving/receive-policy.ts';
import type { DiskFiles } from '../../../../src/transfer/io/disk/disk-files.ts';
import { sourceDisk } from '../../../../src/transfer/io/disk/disk-source.ts';
import { contentOf } from '../../files/memory-disk.ts';
import { TransferRun } from '../../files/transfer-run.ts';
import { inboxIn, recordingFiles, systemError, useTemporaryFolder } from './disk-folder.ts';

const folder = useTemporaryFolder();
let inboxPath = '';

beforeEach(async () => {
  inboxPath = join(folder.path, 'inbox');
  await mkdir(inboxPath);
});

const policy = createReceivePolicy({
  platform: 'posix',
  maxSizeBytes: 100_000_000,
  onOffer: ({ from, name }) => ({ storedName: `${from}_${name}` }),
});

/** A transfer of a new file with this content, into the inbox. */
async function runOf(
  content: Uint8Array,
  options: { readonly from?: string; readonly files?: DiskFiles } = {},
): Promise<{ run: TransferRun; path: string }> {
  const sourceFolder = join(folder.path, options.from ?? 'source');
  await mkdir(sourceFolder);
  const path = join(sourceFolder, 'movie.mp4');
  await writeFile(path, content);
  const inbox = inboxIn(inboxPath, options.files);
  const run = new TransferRun({ source: sourceDisk, path, inbox, policy, isOnDisk: true });
  return { run, path };
}

test('files of one name, of all sizes and at once, arrive as that many whole files', async () => {
  const contents = [0, 1, 65_536, 262_144, 2_000_001].map((size, seed) => contentOf(size, seed));
  const ends = await Promise.all(
    contents.map(async (content, index) => {
      const { run } = await runOf(content, { from: `source-${index}` });
      await run.start();
      return (await run.finish()).received;
    }),
  );
  const names = await readdir(inboxPath);
  expect(names.sort()).toEqual([
    'derek_movie (1).mp4',
    'derek_movie (2).mp4',
    'derek_movie (3).mp4',
    'derek_movie (4).mp4',
    'derek_movie.mp4',
  ]);
  for (const [index, end] of ends.entries()) {
    if (!('path' in end)) throw new Error(end.text);
    const stored = await readFile(end.path);
    expect(Buffer.compare(stored, contents[index]!)).toBe(0);
    expect(end.sha256).toBe(createHash('sha256').update(stored).digest('hex'));
  }
});

const left = ['derek_movie.mp4.part', 'derek_movie.mp4.part.state'];

test('DONE follows the fsync of the file, its name and the fsync of the folder', async () => {
  const log: string[] = [];
  const { run } = await runOf(contentOf(300_000), { files: recordingFiles(log) });
  const { responder } = run.pair;
  const write = responder.write.bind(responder);
  responder.write = (chunk) => {
    if (chunk.length === 5) log.push(`record ${chunk[4]!}`);
    write(chunk);
  };
  await run.start();
  await run.finish();
  const order = ['record 2', 'write part', 'sync part', 'link', 'sync folder', 'record 6'];
  expect(log.filter((entry) => order.includes(entry))).toEqual([
    'sync folder',
    'record 2',
    'write part',
    'write part',
    'sync part',
    'link',
    'sync folder',
    'record 6',
  ]);
});

test.each([
  ['truncated', (path: string): Promise<void> => truncate(path, 100_000)],
  ['grown', (path: string): Promise<void> => appendFile(path, 'more')],
])('a source that is %s midway leaves nothing in the inbox', async (_what, change) => {
  const { run, path } = await runOf(contentOf(4_000_000));
  await run.start();
  await run.runUntil(() => run.receiver.progress.transferredBytes > 100_000);
  await change(path);
  const end = { code: 'source-changed', text: 'the source changed while being sent' };
  expect(await run.finish()).toEqual({ sent: end, received: end });
  expect(await readdir(inboxPath)).toEqual([]);
});

test('a disk that is full midway leaves the partial, and never the final name', async () => {
  let writeCount = 0;
  const files = recordingFiles([], (call) => {
    if (call === 'write part' && ++writeCount > 3) throw systemError('ENOSPC');
  });
  const { run } = await runOf(contentOf(4_000_000), { files });
  await run.start();
  const end = { code: 'no-space', text: 'the inbox cannot be written: the disk is full' };
  expect(await run.finish()).toEqual({ sent: end, received: end });
  expect((await readdir(inboxPath)).sort()).toEqual(left);
});

test('a cancelled transfer leaves the beginning of the file as its partial', async () => {
  const content = contentOf(4_000_000);
  const { run } = await runOf(content);
  await run.start();
  await run.runUntil(() => run.receiver.progress.transferredBytes > 1_000_000);
  run.sender.cancel();
  await run.finish();
  expect((await readdir(inboxPath)).sort()).toEqual(left);
  const partial = await readFile(join(inboxPath, 'derek_movie.mp4.part'));
  expect(partial.length).toBeGreaterThan(1_000_000);
  expect(Buffer.compare(partial, content.subarray(0, partial.length))).toBe(0);
});
