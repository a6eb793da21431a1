import { mkdir, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sourceDisk } from '../../../../src/transfer/io/disk/disk-source.ts';
import { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';
import { contentOf } from '../../files/memory-disk.ts';
import { TransferRun } from '../../files/transfer-run.ts';
import { useTemporaryFolder } from './disk-folder.ts';
import { type FoldingDisk, foldingFiles } from './folding-files.ts';

const folder = useTemporaryFolder();
const disks = ['macOS', 'Windows'] as const satisfies readonly FoldingDisk[];
/** Enough to be broken off in the middle. */
const LARGE_BYTES = 900_000;

/** Where the names of another system hold. */
async function inboxOf(disk: FoldingDisk): Promise<DiskInbox> {
  await mkdir(inboxPath(), { recursive: true });
  const platform = disk === 'Windows' ? 'win32' : 'posix';
  return new DiskInbox({
    ...{ folder: inboxPath(), platform, umask: 0o022 },
    ...{ files: foldingFiles(disk), owned: new Set() },
  });
}

const inboxPath = (): string => join(folder.path, 'inbox');

function runOf(disk: FoldingDisk, inbox: DiskInbox, paths: readonly string[]): TransferRun {
  const platform = disk === 'Windows' ? 'win32' : 'posix';
  return new TransferRun({ source: sourceDisk, inbox, paths, platform, isOnDisk: true });
}

/** Files below `source` in the temporary folder, of one time; each holds what depends on its number. */
async function make(names: readonly string[], sizeBytes = 1_000): Promise<void> {
  for (const [index, name] of names.entries()) {
    const path = join(folder.path, 'source', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contentOf(sizeBytes, index + 1));
    await utimes(path, 1_500_000_000, 1_500_000_000);
  }
}

const sourcePath = (name: string): string => join(folder.path, 'source', name);

/** The contents below a folder, whatever their names are, as numbers that `make` gave. */
async function numbersBelow(path: string, count: number): Promise<number[]> {
  const numbers: number[] = [];
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const found = await readFile(join(entry.parentPath, entry.name));
    let number = 1;
    while (number <= count && !found.equals(contentOf(found.length, number))) number++;
    numbers.push(number);
  }
  return numbers.sort((one, other) => one - other);
}

async function deliver(disk: FoldingDisk, paths: readonly string[]): Promise<void> {
  const run = runOf(disk, await inboxOf(disk), paths);
  await run.start();
  expect((await run.finish()).sent).toMatchObject({ failedCount: 0 });
}

async function interrupt(disk: FoldingDisk, path: string): Promise<void> {
  const run = runOf(disk, await inboxOf(disk), [path]);
  await run.start();
  await run.runUntil(() => run.receiver.progress.transferredBytes > LARGE_BYTES);
  run.pair.vanish();
  await run.finish();
}

describe.each(disks)('where two names that differ in case are one, as on %s,', (disk) => {
  test('two items of one transfer are two files', async () => {
    await make(['one/Photo.JPG', 'two/photo.jpg']);
    await deliver(disk, [sourcePath('one/Photo.JPG'), sourcePath('two/photo.jpg')]);
    expect((await readdir(inboxPath())).sort()).toEqual(['Photo.JPG', 'photo (1).jpg']);
    expect(await numbersBelow(inboxPath(), 2)).toEqual([1, 2]);
  });

  test('two transfers at once are two files, and neither touches the partial of the other', async () => {
    await make(['one/Photo.JPG', 'two/photo.jpg'], LARGE_BYTES);
    const inbox = await inboxOf(disk);
    const runs = ['one/Photo.JPG', 'two/photo.jpg'].map((name) =>
      runOf(disk, inbox, [sourcePath(name)]),
    );
    await Promise.all(
      runs.map(async (run) => {
        await run.start();
        await run.finish();
      }),
    );
    expect(await numbersBelow(inboxPath(), 2)).toEqual([1, 2]);
    expect((await readdir(inboxPath())).length).toBe(2);
  });

  test('two folders at once are two folders', async () => {
    await make(['one/Album/x', 'two/album/x'], LARGE_BYTES);
    const inbox = await inboxOf(disk);
    const runs = ['one/Album', 'two/album'].map((name) => runOf(disk, inbox, [sourcePath(name)]));
    await Promise.all(
      runs.map(async (run) => {
        await run.start();
        await run.finish();
      }),
    );
    expect(await numbersBelow(inboxPath(), 2)).toEqual([1, 2]);
    expect((await readdir(inboxPath())).length).toBe(2);
  });

  test('a file does not go on with the partial of another', async () => {
    await make(['one/Photo.JPG', 'two/photo.jpg'], 3 * LARGE_BYTES);
    await interrupt(disk, sourcePath('one/Photo.JPG'));
    await deliver(disk, [sourcePath('two/photo.jpg')]);
    expect(await readdir(inboxPath())).toContain('Photo.JPG.part');
    await deliver(disk, [sourcePath('one/Photo.JPG')]);
    expect(await numbersBelow(inboxPath(), 2)).toEqual([1, 2]);
  });

  const names = ['f/a', 'f/A', 'f/data', 'f/Data/x', 'f/Sub/y', 'f/sub/y', 'f/sub/Y', 'f/z'];

  test('all files of a folder are there', async () => {
    await make(names);
    await deliver(disk, [sourcePath('f')]);
    expect(await readdir(inboxPath())).toEqual(['f']);
    expect(await numbersBelow(inboxPath(), 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('all files of a folder are there that was interrupted, and goes on', async () => {
    await make(names);
    await mkdir(sourcePath('f/zzz'));
    await writeFile(sourcePath('f/zzz/large'), contentOf(3 * LARGE_BYTES, 9));
    await interrupt(disk, sourcePath('f'));
    await deliver(disk, [sourcePath('f')]);
    expect(await readdir(inboxPath())).toEqual(['f']);
    expect(await numbersBelow(inboxPath(), 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('a file that was renamed between two tries is there after the second', async () => {
    await make(['f/Readme', 'f/Sub/Notes']);
    await mkdir(sourcePath('f/zzz'));
    await writeFile(sourcePath('f/zzz/large'), contentOf(3 * LARGE_BYTES, 3));
    await interrupt(disk, sourcePath('f'));
    await rename(sourcePath('f/Readme'), sourcePath('f/README'));
    await rename(sourcePath('f/Sub'), sourcePath('f/SUB'));
    await deliver(disk, [sourcePath('f')]);
    expect(await numbersBelow(inboxPath(), 3)).toEqual([1, 2, 3]);
  });
});

describe('on a disk that tells composed characters decomposed, as of macOS,', () => {
  const name = 'crème brûlée.txt';

  test('a file goes on where it stood', async () => {
    await make([name], 3 * LARGE_BYTES);
    await interrupt('macOS', sourcePath(name));
    const run = runOf('macOS', await inboxOf('macOS'), [sourcePath(name)]);
    await run.start();
    await run.finish();
    expect(run.pair.opener.writtenBytes).toBeLessThan(2.5 * LARGE_BYTES);
    expect(await readdir(inboxPath())).toEqual([name.normalize('NFD')]);
    expect(await numbersBelow(inboxPath(), 1)).toEqual([1]);
  });

  test('a folder that goes on keeps what it has', async () => {
    await make([`été/${name}`, 'été/sous/ça', 'été/Ω']);
    await mkdir(sourcePath('été/zzz'));
    await writeFile(sourcePath('été/zzz/large'), contentOf(3 * LARGE_BYTES, 4));
    await interrupt('macOS', sourcePath('été'));
    await deliver('macOS', [sourcePath('été')]);
    expect(await numbersBelow(inboxPath(), 4)).toEqual([1, 2, 3, 4]);
  });
});

test('of two names in one folder that are the same once composed, one arrives and the other is told', async () => {
  const twice = 'é';
  await make([`f/${twice.normalize('NFC')}`, `f/${twice.normalize('NFD')}`]);
  const run = runOf('macOS', await inboxOf('macOS'), [sourcePath('f')]);
  await run.start();
  expect((await run.finish()).sent).toMatchObject({
    fileCount: 1,
    failures: [{ name: 'f/é', reason: 'another one has the same name' }],
  });
});

test('two paths whose names are the same once composed are two files', async () => {
  const names = [`one/${'é'.normalize('NFC')}`, `two/${'é'.normalize('NFD')}`];
  await make(names);
  await deliver('macOS', names.map(sourcePath));
  expect(await numbersBelow(inboxPath(), 2)).toEqual([1, 2]);
});

describe('a name as long as a name may be', () => {
  const emoji = '😀'.repeat(63);
  const longNames = [
    ['of 255 bytes', `${'x'.repeat(251)}.mp4`],
    ['of 63 emoji', emoji],
    ['of composed characters', `${'é'.repeat(125)}.mp4`],
    ['that ends as a partial does', `${'y'.repeat(250)}.part`],
    ['of no extension', 'n'.repeat(255)],
  ] as const;

  test.each(longNames)('%s: a file arrives, interrupted too', async (_what, name) => {
    await make([name], 3 * LARGE_BYTES);
    await interrupt('Windows', sourcePath(name));
    await deliver('Windows', [sourcePath(name)]);
    const [stored, ...others] = await readdir(inboxPath());
    expect(others).toEqual([]);
    expect(Buffer.byteLength(stored!)).toBeLessThanOrEqual(255);
    expect(await numbersBelow(inboxPath(), 1)).toEqual([1]);
    // Another one of this name has room for its number.
    await deliver('Windows', [sourcePath(name)]);
    expect(await numbersBelow(inboxPath(), 1)).toEqual([1, 1]);
  });

  test.each(longNames)('%s: in a folder of such a name, interrupted too', async (_what, name) => {
    await make([`${name}/${name}`, `${name}/sub/${name}`], 3 * LARGE_BYTES);
    await interrupt('Windows', sourcePath(name));
    await deliver('Windows', [sourcePath(name)]);
    expect(await readdir(inboxPath())).toHaveLength(1);
    expect(await numbersBelow(inboxPath(), 2)).toEqual([1, 2]);
  });
});
