import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { MAX_LISTED_FILES } from '../../../../src/transfer/files/transfer.ts';
import type {
  DiskFiles,
  DiskHandle,
  DiskStats,
} from '../../../../src/transfer/io/disk/disk-files.ts';
import { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';
import { MemoryTree, type TreeEntry } from '../../files/memory-tree.ts';
import { TransferRun } from '../../files/transfer-run.ts';
import { systemError } from './disk-folder.ts';
import { wholeFilesHere } from './whole-files-here.ts';

/** A transfer of many entries holds those of the offers under way, and nothing of the others. */

const OFFER_ENTRIES = 1_000;
/** Of each entry: whatever holds one holds this much, beside the object. */
const NAME_BYTES = 240;
/** Offers between which the heap is compared, behind the last file that a result lists. */
const FIRST = MAX_LISTED_FILES / OFFER_ENTRIES + 2;
const LAST = FIRST + 5;
const OFFERS = LAST + 1;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** A disk that keeps nothing. */
class VoidFiles implements DiskFiles {
  readonly open = (path: string, _flags: number, mode?: number): Promise<DiskHandle> => {
    const isNew = mode !== undefined;
    if (!isNew && path.endsWith('.state')) return Promise.reject(systemError('ENOENT'));
    return Promise.resolve({
      read: () => Promise.resolve({ bytesRead: 0 }),
      write: (_source, _offset, length) => Promise.resolve({ bytesWritten: length }),
      chmod: () => Promise.resolve(),
      utimes: () => Promise.resolve(),
      truncate: () => Promise.resolve(),
      stat: () => Promise.resolve(statsOf(false)),
      sync: () => Promise.resolve(),
      datasync: () => Promise.resolve(),
      close: () => Promise.resolve(),
    });
  };

  readonly lstat = (path: string): Promise<DiskStats> =>
    path.endsWith('.part') ? Promise.resolve(statsOf(true)) : Promise.reject(systemError('ENOENT'));

  readonly readdir = (): Promise<string[]> => Promise.resolve([]);

  readonly statfs = (): Promise<{ bsize: number; blocks: number; bavail: number }> =>
    Promise.resolve({ bsize: 4_096, blocks: 1_000_000, bavail: 1_000_000 });

  readonly link = (): Promise<void> => Promise.resolve();
  readonly mkdir = (): Promise<void> => Promise.resolve();
  readonly rename = (): Promise<void> => Promise.resolve();
  readonly rmdir = (): Promise<void> => Promise.resolve();
  readonly unlink = (): Promise<void> => Promise.resolve();
}

function statsOf(isFolder: boolean): DiskStats {
  return {
    size: 0n,
    ino: 1n,
    nlink: 1n,
    uid: BigInt(process.getuid?.() ?? 0),
    mtimeNs: 0n,
    isFile: () => !isFolder,
    isDirectory: () => isFolder,
  };
}

function nameOf(index: number): string {
  return `album/${String(index).padEnd(NAME_BYTES, 'x')}`;
}

/** Bytes of heap by which a transfer grows for each entry that is long done with. */
async function heldBytesAnEntry(): Promise<number> {
  const heapBytes: number[] = [];
  const content = new Uint8Array(1);
  function* entries(): Generator<TreeEntry, undefined> {
    yield { name: 'album' };
    for (let offer = 0; offer < OFFERS; offer++) {
      collect();
      heapBytes.push(process.memoryUsage().heapUsed);
      for (let index = 0; index < OFFER_ENTRIES; index++) {
        yield { name: nameOf(offer * OFFER_ENTRIES + index), content };
      }
    }
    return undefined;
  }
  const files = new VoidFiles();
  const run = new TransferRun({
    source: new MemoryTree(entries, () => content),
    path: 'album',
    inbox: new DiskInbox({
      ...{ folder: '/', platform: 'posix', umask: 0, owned: new Set(), files },
      wholeFiles: wholeFilesHere(files),
    }),
    offerEntries: OFFER_ENTRIES,
  });
  await run.start();
  const { received } = await run.finish();
  expect(received).toMatchObject({ fileCount: OFFERS * OFFER_ENTRIES, failedCount: 0 });
  expect(heapBytes.length).toBe(OFFERS);
  return (heapBytes[LAST]! - heapBytes[FIRST]!) / ((LAST - FIRST) * OFFER_ENTRIES);
}

test('a transfer of many entries holds nothing of those that are done, on either side', async () => {
  expect(await heldBytesAnEntry()).toBeLessThan(NAME_BYTES / 2);
});
