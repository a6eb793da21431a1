import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ConflictPolicy, SourceDisk } from '../../../../src/transfer/files/disk.ts';
import { TransferError } from '../../../../src/transfer/files/transfer-error.ts';
import type { TransferResult } from '../../../../src/transfer/files/transfer.ts';
import type { DiskFiles } from '../../../../src/transfer/io/disk/disk-files.ts';
import { sourceDisk } from '../../../../src/transfer/io/disk/disk-source.ts';
import { contentOf, offeredFile } from '../../files/memory-disk.ts';
import { TransferRun } from '../../files/transfer-run.ts';
import { inboxIn, recordingFiles, systemError, useTemporaryFolder } from './disk-folder.ts';

const folder = useTemporaryFolder();
let inboxPath = '';
let source = '';

beforeEach(async () => {
  inboxPath = join(folder.path, 'inbox');
  source = join(folder.path, 'photos');
  await mkdir(inboxPath);
  await mkdir(join(source, 'sub', 'deep'), { recursive: true });
  await mkdir(join(source, 'empty'));
  for (const [name, size] of Object.entries(sizes)) {
    await writeFile(join(source, name), contentOf(size, size));
  }
});

/** By it a folder is known of which something is missing. */
const RECORD = 'photos.part.state';

const sizes = {
  'a.jpg': 10,
  '.hidden': 20,
  'sub/big': 900_000,
  'sub/deep/é😀': 0,
  'sub/x.part': 30,
};

interface Options {
  readonly paths?: readonly string[];
  readonly conflict?: ConflictPolicy;
  readonly files?: DiskFiles;
  readonly source?: SourceDisk;
}

function newRun(options: Options = {}): TransferRun {
  const { paths = [source], conflict = 'rename', files } = options;
  const inbox = inboxIn(inboxPath, files);
  const disk = options.source ?? sourceDisk;
  return new TransferRun({ source: disk, paths, inbox, conflict, isOnDisk: true });
}

async function send(options?: Options): Promise<Awaited<ReturnType<TransferRun['finish']>>> {
  const run = newRun(options);
  await run.start();
  return run.finish();
}

/** Every file below a folder, with its content. */
async function treeOf(path: string, below = ''): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const name of await readdir(join(path, below))) {
    const inner = join(below, name);
    const stats = await lstat(join(path, inner));
    if (stats.isDirectory()) Object.assign(tree, await treeOf(path, inner));
    else tree[inner] = (await readFile(join(path, inner))).toString('base64');
  }
  return tree;
}

/** What a receiver makes of the names in `photos`. */
function stored(tree: Record<string, string>): Record<string, string> {
  const renamed = (name: string): string => name.replace(/\.part$/, '.part_');
  return Object.fromEntries(Object.entries(tree).map(([name, text]) => [renamed(name), text]));
}

test('a folder arrives whole, with what is in it, under its name', async () => {
  const { sent, received } = await send();
  const totalBytes = 900_060;
  const item = { kind: 'folder', name: 'photos', fileCount: 5, totalBytes };
  expect(sent).toMatchObject({ fileCount: 5, totalBytes, failedCount: 0, items: [item] });
  expect(received).toMatchObject({ items: [{ ...item, path: join(inboxPath, 'photos') }] });
  expect(await readdir(inboxPath)).toEqual(['photos']);
  expect(await treeOf(join(inboxPath, 'photos'))).toEqual(stored(await treeOf(source)));
  expect((await stat(join(inboxPath, 'photos/empty'))).isDirectory()).toBe(true);
});

test('both sides list the same SHA-256 of every file of a folder, and none of what was left out', async () => {
  const tree = await treeOf(source);
  execFileSync('mkfifo', [join(source, 'fifo')]);
  const { sent, received } = await send();
  const [ofSender, ofReceiver] = [sent, received].map((end) => {
    const [item] = (end as TransferResult).items;
    return item!.files!;
  });
  expect(ofReceiver).toEqual(ofSender);
  expect(ofSender).toHaveLength(Object.keys(tree).length);
  for (const { name, sizeBytes, sha256 } of ofSender!) {
    const content = await readFile(join(source, name.slice('photos/'.length)));
    expect(sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect(sizeBytes).toBe(content.length);
  }
});

test('nothing has its final name before all of it is there', async () => {
  const run = newRun();
  await run.start();
  const seen = new Set<string>();
  const finished = run.finish();
  while (!run.receiver.isOver) {
    for (const name of await readdir(inboxPath)) {
      seen.add(name);
      if (name !== 'photos') continue;
      expect(Object.keys(await treeOf(join(inboxPath, name))).length).toBe(5);
    }
  }
  await finished;
  expect([...seen].filter((name) => !name.startsWith('photos'))).toEqual([]);
});

test('modes and times of files and folders arrive, and none sets a user', async () => {
  await chmod(join(source, 'a.jpg'), 0o4751);
  await chmod(join(source, 'sub'), 0o555);
  await utimes(join(source, 'sub'), 1_000, 1_500_000_000);
  await send();
  expect((await stat(join(inboxPath, 'photos/a.jpg'))).mode & 0o7777).toBe(0o751);
  const sub = await stat(join(inboxPath, 'photos/sub'));
  expect([sub.mode & 0o7777, sub.mtimeMs]).toEqual([0o555, 1_500_000_000_000]);
});

test('a link is left out with a notice, and what is no file fails alone', async () => {
  await symlink('/etc/passwd', join(source, 'link'));
  execFileSync('mkfifo', [join(source, 'fifo')]);
  const { sent } = await send();
  expect(sent).toMatchObject({
    fileCount: 5,
    skippedLinks: ['photos/link'],
    skippedCount: 1,
    failedCount: 1,
    failures: [{ name: 'photos/fifo', code: 'local-file' }],
  });
  expect(Object.keys(await treeOf(join(inboxPath, 'photos')))).not.toContain('link');
});

test('of several paths each is an item, and one that is not there fails alone', async () => {
  const single = join(folder.path, 'single');
  await writeFile(single, 'hello');
  const { sent, received } = await send({ paths: [single, join(folder.path, 'none'), source] });
  expect(sent).toMatchObject({
    items: [
      { kind: 'file', name: 'single', path: single, totalBytes: 5 },
      { kind: 'folder', name: 'photos', path: source, fileCount: 5 },
    ],
    failures: [{ name: 'none', code: 'local-file' }],
  });
  expect(received).toMatchObject({ fileCount: 6, failedCount: 0 });
  expect((await readdir(inboxPath)).sort()).toEqual(['photos', RECORD, 'single']);
});

test('a file that cannot be stored fails alone, on both sides, and leaves nothing', async () => {
  let opened = 0;
  const files = recordingFiles([], (call) => {
    if (call === 'open part' && ++opened === 2) throw systemError('EIO');
  });
  const { sent, received } = await send({ files });
  expect(sent).toMatchObject({ fileCount: 4, failedCount: 1, failures: [{ code: 'refused' }] });
  expect(received).toMatchObject({ fileCount: 4, failures: [{ code: 'local-file' }] });
  expect(Object.keys(await treeOf(join(inboxPath, 'photos'))).length).toBe(4);
});

test('a folder of which something failed is filled when it is sent again, and then a new one is another', async () => {
  const fifo = join(source, 'sub/fifo');
  execFileSync('mkfifo', [fifo]);
  const first = await send();
  expect(first.sent).toMatchObject({ failedCount: 1, failures: [{ name: 'photos/sub/fifo' }] });
  // The receiver does not hear of what is never offered; that something is missing it knows.
  expect(first.received).toMatchObject({ failedCount: 0 });
  expect((await readdir(inboxPath)).sort()).toEqual(['photos', RECORD]);
  // Its cause is still there: nothing changes.
  await send();
  expect((await readdir(inboxPath)).sort()).toEqual(['photos', RECORD]);
  await unlink(fifo);
  await writeFile(fifo, 'a file by now');
  const { ino } = await lstat(join(inboxPath, 'photos/sub/big'));
  const second = await send();
  expect(second.received).toMatchObject({ fileCount: 6, failedCount: 0 });
  expect(await treeOf(join(inboxPath, 'photos'))).toEqual(stored(await treeOf(source)));
  expect((await lstat(join(inboxPath, 'photos/sub/big'))).ino).toBe(ino);
  expect(await readdir(inboxPath)).toEqual(['photos']);
  await send();
  expect((await readdir(inboxPath)).sort()).toEqual(['photos', 'photos (1)']);
});

test('what the receiver could not store is stored in the same folder when it is sent again', async () => {
  let opened = 0;
  const files = recordingFiles([], (call) => {
    if (call === 'open part' && ++opened === 2) throw systemError('EIO');
  });
  expect((await send({ files })).sent).toMatchObject({ failedCount: 1 });
  expect((await send()).sent).toMatchObject({ fileCount: 5, failedCount: 0 });
  expect(await readdir(inboxPath)).toEqual(['photos']);
  expect(await treeOf(join(inboxPath, 'photos'))).toEqual(stored(await treeOf(source)));
});

test.each(['overwrite', 'skip'] as const)(
  'with %s a folder that was there is filled in any case, and leaves no state',
  async (conflict) => {
    await mkdir(join(inboxPath, 'photos'));
    execFileSync('mkfifo', [join(source, 'fifo')]);
    expect((await send({ conflict })).sent).toMatchObject({ fileCount: 5, failedCount: 1 });
    expect(await readdir(inboxPath)).toEqual(['photos']);
  },
);

describe('a folder never gets its name with a half file in it', () => {
  test('when the disk fails in the middle of one', async () => {
    let writeCount = 0;
    const files = recordingFiles([], (call, path = '') => {
      const isOfBig = call === 'write part' && basename(path).startsWith('big');
      if (isOfBig && ++writeCount === 3) throw systemError('EIO');
    });
    const { sent, received } = await send({ files });
    expect(sent).toMatchObject({ failures: [{ name: 'photos/sub/big', code: 'refused' }] });
    expect(received).toMatchObject({ failures: [{ name: 'photos/sub/big', code: 'local-file' }] });
    await unlink(join(source, 'sub/big'));
    expect((await readdir(inboxPath)).sort()).toEqual(['photos', RECORD]);
    expect(await treeOf(join(inboxPath, 'photos'))).toEqual(stored(await treeOf(source)));
  });

  test('when the source cannot be read any more, as in a transfer that goes on', async () => {
    const interrupted = newRun();
    await interrupted.start();
    await interrupted.runUntil(() => interrupted.receiver.progress.transferredBytes > 500_000);
    interrupted.pair.vanish();
    await interrupted.finish();
    const big = join(source, 'sub/big');
    const run = newRun({
      source: {
        ...sourceDisk,
        open: (path) =>
          path === big
            ? Promise.reject(new TransferError('local-file', `${path}: permission denied`))
            : sourceDisk.open(path, 0),
      },
    });
    await run.start();
    const { sent, received } = await run.finish();
    const reason = `${big}: permission denied`;
    expect(sent).toMatchObject({ failures: [{ code: 'local-file', reason }] });
    expect(received).toMatchObject({ failures: [{ code: 'refused', reason }] });
    await unlink(join(source, 'sub/big'));
    expect((await readdir(inboxPath)).sort()).toEqual(['photos', RECORD]);
    expect(await treeOf(join(inboxPath, 'photos'))).toEqual(stored(await treeOf(source)));
  });

  test('when the half file cannot be removed at once, nor later', async () => {
    for (const failures of [1, Infinity]) {
      await rm(inboxPath, { recursive: true });
      await mkdir(inboxPath);
      let writeCount = 0;
      let unlinkCount = 0;
      const files = recordingFiles([], (call) => {
        if (call === 'write part' && ++writeCount === 5) throw systemError('EIO');
        if (call === 'unlink' && writeCount >= 5 && unlinkCount++ < failures) {
          throw systemError('EIO');
        }
      });
      const { received } = await send({ files });
      const names = await readdir(inboxPath);
      if (failures === 1) {
        expect(received).toMatchObject({ fileCount: 4, failedCount: 1 });
        expect(Object.keys(await treeOf(join(inboxPath, 'photos'))).length).toBe(4);
      } else {
        expect(received).toMatchObject({ code: 'local-file' });
        expect(names.filter((name) => !name.includes('.part'))).toEqual([]);
      }
    }
  });
});

describe('a folder that was interrupted', () => {
  async function interrupt(): Promise<void> {
    const run = newRun();
    await run.start();
    await run.runUntil(() => run.receiver.progress.transferredBytes > 500_000);
    run.pair.vanish();
    await run.finish();
    expect((await readdir(inboxPath)).sort()).toEqual(['photos.part', 'photos.part.state']);
  }

  test('goes on where it stood, and leaves nothing but itself', async () => {
    await interrupt();
    const run = newRun();
    await run.start();
    expect((await run.finish()).sent).toMatchObject({ fileCount: 5, failedCount: 0 });
    expect(run.pair.opener.writtenBytes).toBeLessThan(600_000);
    expect(await readdir(inboxPath)).toEqual(['photos']);
    expect(await treeOf(join(inboxPath, 'photos'))).toEqual(stored(await treeOf(source)));
  });

  test('has a folder where the source had a file before, and the other way round', async () => {
    await mkdir(join(source, 'was-folder', 'inner'), { recursive: true });
    await writeFile(join(source, 'was-folder', 'inner', 'x'), contentOf(15, 1));
    await writeFile(join(source, 'was-file'), contentOf(15, 2));
    await interrupt();
    expect(await readdir(join(inboxPath, 'photos.part'))).toContain('was-file');
    await rm(join(source, 'was-folder'), { recursive: true });
    await unlink(join(source, 'was-file'));
    await mkdir(join(source, 'was-file'));
    await writeFile(join(source, 'was-file', 'y'), contentOf(25, 3));
    await writeFile(join(source, 'was-folder'), contentOf(25, 4));
    expect((await send()).received).toMatchObject({ failedCount: 0 });
    expect(await readdir(inboxPath)).toEqual(['photos']);
    expect(await treeOf(join(inboxPath, 'photos'))).toEqual(stored(await treeOf(source)));
  });

  test('keeps the half file that it was at, also when it was cancelled with a full disk', async () => {
    let writeCount = 0;
    const files = recordingFiles([], (call) => {
      if (call === 'write part' && ++writeCount >= 5) throw systemError('ENOSPC');
    });
    const inbox = inboxIn(inboxPath, files);
    const run = new TransferRun({
      ...{ source: sourceDisk, paths: [source], inbox, isOnDisk: true },
      giveUpMs: 60_000,
    });
    await run.start();
    await run.runUntil(() => run.receiver.state === 'paused');
    run.receiver.cancel();
    expect((await run.finish()).received).toMatchObject({ code: 'cancelled' });
    const { size } = await stat(join(inboxPath, 'photos.part', 'sub', 'big'));
    expect(size).toBeGreaterThan(0);
  });

  test('has nothing of what was changed, or removed from the source, meanwhile', async () => {
    await interrupt();
    await unlink(join(source, 'a.jpg'));
    await writeFile(join(source, 'sub/big'), contentOf(800_000, 3));
    await send();
    expect(await readdir(inboxPath)).toEqual(['photos']);
    expect(await treeOf(join(inboxPath, 'photos'))).toEqual(stored(await treeOf(source)));
  });
});

describe('where the name of a folder exists', () => {
  beforeEach(async () => {
    await mkdir(join(inboxPath, 'photos/sub'), { recursive: true });
    await writeFile(join(inboxPath, 'photos/a.jpg'), 'mine');
    await writeFile(join(inboxPath, 'photos/sub/other'), 'mine too');
  });

  test('a new one is stored beside it', async () => {
    await send();
    expect((await readdir(inboxPath)).sort()).toEqual(['photos', 'photos (1)']);
    expect(await readFile(join(inboxPath, 'photos/a.jpg'), 'utf8')).toBe('mine');
  });

  test('overwriting fills it, replaces what has the same name, and keeps the rest', async () => {
    await send({ conflict: 'overwrite' });
    expect(await readdir(inboxPath)).toEqual(['photos']);
    expect(await treeOf(join(inboxPath, 'photos'))).toEqual({
      ...stored(await treeOf(source)),
      'sub/other': Buffer.from('mine too').toString('base64'),
    });
  });

  test('skipping fills it, and says what it did not touch', async () => {
    const { sent } = await send({ conflict: 'skip' });
    expect(sent).toMatchObject({ failures: [{ name: 'photos/a.jpg', code: 'exists' }] });
    expect(await readdir(inboxPath)).toEqual(['photos']);
    expect(await readFile(join(inboxPath, 'photos/a.jpg'), 'utf8')).toBe('mine');
    expect(Object.keys(await treeOf(join(inboxPath, 'photos'))).length).toBe(6);
  });

  test('nothing is put through a link that stands in the place of a folder', async () => {
    const outside = join(folder.path, 'outside');
    await mkdir(outside);
    await symlink(outside, join(inboxPath, 'photos/empty'));
    await mkdir(join(source, 'empty/inner'));
    const { received } = await send({ conflict: 'overwrite' });
    expect(received).toMatchObject({ code: 'local-file' });
    expect(await readdir(outside)).toEqual([]);
  });
});

test.each([
  ['overwrite', ['a'], 'new'],
  ['skip', ['a'], 'old'],
] as const)('a single file where its name exists, to %s', async (conflict, names, text) => {
  const path = join(folder.path, 'a');
  await writeFile(path, 'new');
  await writeFile(join(inboxPath, 'a'), 'old');
  const { sent } = await send({ paths: [path], conflict });
  if (conflict === 'skip') expect(sent).toMatchObject({ code: 'exists' });
  else expect(sent).toMatchObject({ fileCount: 1 });
  expect(await readdir(inboxPath)).toEqual(names);
  expect(await readFile(join(inboxPath, 'a'), 'utf8')).toBe(text);
});

test('many small files follow each other without waiting for an answer', async () => {
  const many = join(folder.path, 'many');
  await mkdir(many);
  for (let index = 0; index < 300; index++) await writeFile(join(many, `${index}`), `${index}`);
  const run = newRun({ paths: [many] });
  await run.start();
  const { received } = await run.finish();
  expect(received).toMatchObject({ fileCount: 300, failedCount: 0 });
  expect(await treeOf(join(inboxPath, 'many'))).toEqual(await treeOf(many));
  // The offer, its answer, DONE; not one turn a file.
  expect(run.pair.opener.flushCount + run.pair.responder.flushCount).toBeLessThan(6);
});

test('a folder that is filled has its times, also when it was not there while its files came', async () => {
  const inbox = inboxIn(inboxPath);
  const entry = offeredFile({ kind: 'folder', name: 'photos', sizeBytes: 0, mode: 0o755 });
  const inner = { entry: { ...entry, name: 'photos/sub' }, storedPath: 'sub' };
  const claimed = await inbox.claimFolder({
    ...{ peer: 'derek', entry, storedName: 'photos', conflict: 'overwrite' },
  });
  await claimed.makeFolder('sub');
  await claimed.settle([{ entry, storedPath: '' }, inner], () => undefined);
  await mkdir(join(inboxPath, 'photos', 'sub'), { recursive: true });
  await claimed.publish(() => false);
  claimed.told();
  const { mtimeNs } = await stat(join(inboxPath, 'photos', 'sub'), { bigint: true });
  expect(mtimeNs / 1_000_000n).toBe(entry.mtimeNs / 1_000_000n);
  await claimed.confirm(true);
});
