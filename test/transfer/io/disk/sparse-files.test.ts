import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createReceivePolicy } from '../../../../src/transfer/files/receiving/receive-policy.ts';
import { DiskContent, SPARSE_BLOCK_BYTES } from '../../../../src/transfer/io/disk/disk-content.ts';
import { diskFiles } from '../../../../src/transfer/io/disk/disk-files.ts';
import { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';
import { sourceDisk } from '../../../../src/transfer/io/disk/disk-source.ts';
import { contentOf } from '../../files/memory-disk.ts';
import { TransferRun } from '../../files/transfer-run.ts';
import { inboxIn, useTemporaryFolder } from './disk-folder.ts';

const folder = useTemporaryFolder();
/** Unit of `blocks` in the description of a file (POSIX leaves it open; Linux and macOS count so). */
const BLOCK_BYTES = 512;
const HOLE_BYTES = 64 * SPARSE_BLOCK_BYTES;

/** Whether files have holes here at all. */
function hasHoles(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'updraft-holes-'));
  try {
    const file = join(path, 'file');
    writeFileSync(file, '');
    truncateSync(file, HOLE_BYTES);
    return statSync(file).blocks * BLOCK_BYTES < HOLE_BYTES / 2;
  } finally {
    rmSync(path, { recursive: true });
  }
}

const canHole = hasHoles();
const SITUATION = '(left out where the temporary folder has no holes)';

/** Data, a hole, data, and a hole at the end. */
async function sparseSource(name: string): Promise<{ path: string; content: Buffer }> {
  const data = Buffer.from(contentOf(3 * SPARSE_BLOCK_BYTES));
  const hole = Buffer.alloc(HOLE_BYTES);
  const content = Buffer.concat([data, hole, data, hole]);
  const path = join(folder.path, name);
  await writeFile(path, content);
  return { path, content };
}

async function usedBytes(path: string): Promise<number> {
  return (await stat(path)).blocks * BLOCK_BYTES;
}

async function newInbox(): Promise<string> {
  const path = join(folder.path, 'inbox');
  await mkdir(path, { recursive: true });
  return path;
}

test.runIf(canHole)(
  `runs of zeros take no room, in a file and in a folder, interrupted too ${SITUATION}`,
  async () => {
    const inboxPath = await newInbox();
    await mkdir(join(folder.path, 'f'));
    const { content } = await sparseSource('f/disk.img');
    const paths = [(await sparseSource('disk.img')).path, join(folder.path, 'f')];
    // Each is broken off in the middle of what is sent of it, then goes on.
    for (const part of [0.4, 1.4, 9]) {
      const inbox = inboxIn(inboxPath);
      const run = new TransferRun({ source: sourceDisk, paths, inbox, isOnDisk: true });
      await run.start();
      if (part < 2) {
        await run.runUntil(
          () => run.receiver.progress.transferredBytes > part * content.length || run.sender.isOver,
        );
        run.pair.vanish();
      }
      await run.finish();
    }
    for (const name of ['disk.img', 'f/disk.img']) {
      const stored = join(inboxPath, name);
      expect((await readFile(stored)).equals(content), name).toBe(true);
      // Two runs of data, each with a block that is cut.
      expect(await usedBytes(stored), name).toBeLessThan(10 * SPARSE_BLOCK_BYTES);
    }
  },
);

test.runIf(canHole)(
  `a file goes on behind 5 GB, and the holes in it take no room ${SITUATION}`,
  async () => {
    const path = join(folder.path, 'huge.part');
    const startBytes = 5_000_000_000;
    await writeFile(path, '');
    const handle = await open(path, 'r+');
    await handle.truncate(startBytes);
    const durable: number[] = [];
    const content = new DiskContent({
      ...{ handle, startBytes, nowMs: () => 0 },
      onDurable: (bytes) => Promise.resolve(void durable.push(bytes)),
    });
    await content.append(new Uint8Array(HOLE_BYTES));
    await content.append(Buffer.from('the end'));
    await content.save();
    const endBytes = startBytes + HOLE_BYTES + 7;
    expect(durable).toEqual([endBytes]);
    const last = new Uint8Array(7);
    expect(await content.read(last, endBytes - 7)).toBe(7);
    expect(Buffer.from(last).toString()).toBe('the end');
    await content.close();
    expect((await stat(path)).size).toBe(endBytes);
    expect(await usedBytes(path)).toBeLessThan(10 * SPARSE_BLOCK_BYTES);
  },
);

/** An inbox on a disk that has so much room, less what its partials hold. */
function inboxWithRoom(path: string, roomBytes: number): DiskInbox {
  const statfs = (): Promise<{ bsize: number; blocks: number; bavail: number }> =>
    Promise.resolve({ bsize: 1, blocks: 1_000_000_000, bavail: roomBytes });
  const files = { ...diskFiles, statfs };
  return new DiskInbox({ folder: path, platform: 'posix', umask: 0o022, files, owned: new Set() });
}

test('room is wanted for what a partial lacks, and not for what it holds', async () => {
  const inboxPath = await newInbox();
  const bytes = 4_000_000;
  const path = join(folder.path, 'film');
  await writeFile(path, contentOf(bytes));
  const runWith = (inbox: DiskInbox): TransferRun => {
    const policy = createReceivePolicy({ platform: 'posix', maxSizeBytes: bytes });
    return new TransferRun({ source: sourceDisk, paths: [path], inbox, policy, isOnDisk: true });
  };
  const first = runWith(inboxWithRoom(inboxPath, bytes));
  await first.start();
  await first.runUntil(() => first.receiver.progress.transferredBytes > bytes / 2);
  first.pair.vanish();
  await first.finish();
  const { size } = await stat(join(inboxPath, 'film.part'));
  expect(size).toBeGreaterThan(bytes / 4);

  const tooLittle = runWith(inboxWithRoom(inboxPath, bytes - size - 1));
  await tooLittle.start();
  expect((await tooLittle.finish()).received).toEqual({
    code: 'no-space',
    text: `no space: ${bytes - size} bytes offered, room for ${bytes - size - 1}`,
  });
  const enough = runWith(inboxWithRoom(inboxPath, bytes - size));
  await enough.start();
  expect((await enough.finish()).received).toMatchObject({ fileCount: 1 });
  expect(enough.pair.opener.writtenBytes).toBeLessThan(bytes - size + 100_000);
});
