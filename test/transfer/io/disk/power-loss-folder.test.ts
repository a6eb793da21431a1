import { expect } from 'vitest';
import type {
  SourceDisk,
  SourceEntry,
  SourceFile,
  Surveyed,
} from '../../../../src/transfer/files/disk.ts';
import { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';
import { Random } from '../../../sim/random.ts';
import { contentOf, offeredFile } from '../../files/memory-disk.ts';
import { TransferRun } from '../../files/transfer-run.ts';
import { testPowerCuts } from './power-cuts.ts';
import { PowerDisk } from './power-disk.ts';

/** Two pieces of a disk's write in the largest. */
const SIZES: Readonly<Record<string, number>> = {
  'photos/a': 10,
  'photos/sub/big': 400_000,
  'photos/sub/empty': 0,
  'photos/sub/deep/b': 20,
};
const FOLDERS = ['photos', 'photos/sub', 'photos/sub/deep'];

/** What the sender has: of the same sizes, times and places each time, so that only content tells. */
type Version = Readonly<Record<string, Uint8Array>>;
const versionOf = (seed: number): Version =>
  Object.fromEntries(
    Object.entries(SIZES).map(([name, size], index) => [name, contentOf(size, seed + index)]),
  );
const VERSION = versionOf(10);
const OTHER = versionOf(20);

/** A folder in memory. */
function sourceOf(version: Version): SourceDisk {
  const entryOf = (name: string): SourceEntry => {
    const content = version[name];
    const kind = content === undefined ? 'folder' : 'file';
    const sizeBytes = content?.length ?? 0;
    const inode = BigInt(1 + Object.keys(SIZES).indexOf(name));
    return { ...offeredFile({ kind, name, sizeBytes, inode }), path: name, itemIndex: 0 };
  };
  return {
    survey: () => {
      const found = FOLDERS.flatMap((folder) => {
        const files = Object.keys(version).filter(
          (name) => name.slice(0, name.lastIndexOf('/')) === folder,
        );
        return [folder, ...files].map((name): Surveyed => ({
          type: 'entry',
          entry: entryOf(name),
        }));
      });
      return { next: () => Promise.resolve(found.splice(0)), close: () => Promise.resolve() };
    },
    open: (path) => {
      const content = version[path]!;
      const file: SourceFile = {
        ...entryOf(path),
        read: (target, at) => {
          const part = content.subarray(at, at + target.length);
          target.set(part);
          return Promise.resolve(part.length);
        },
        isUnchanged: () => Promise.resolve(true),
        close: () => Promise.resolve(),
      };
      return Promise.resolve(file);
    },
  };
}

/** A start of the receiving machine, and a transfer to it until it is over or the power is gone. */
async function transfer(disk: PowerDisk, version: Version): Promise<boolean> {
  let nowMs = 0;
  const inbox = new DiskInbox({
    ...{ folder: '/', platform: 'posix', umask: 0, files: disk, owned: new Set() },
    // A checkpoint is due after each piece.
    nowMs: () => (nowMs += 2_000),
  });
  const source = sourceOf(version);
  const run = new TransferRun({ source, path: '/home/photos', inbox, isOnDisk: true });
  await run.start();
  let isSettled = false;
  const onSettled = (): void => {
    isSettled = true;
  };
  run.receiver.done.then(onSettled, onSettled);
  await run.runUntil(() => disk.isDead || (isSettled && run.sender.isOver));
  // What was said before the power went arrives.
  for (let step = 0; step < 5; step++) await run.step();
  run.sender.done.catch(() => undefined);
  await Promise.race([inbox.settled(), disk.dead]);
  return run.sender.state === 'done';
}

/** The files of folders that have their names, by folder. */
function publishedIn(disk: PowerDisk): Map<string, Map<string, Uint8Array>> {
  const folders = new Map<string, Map<string, Uint8Array>>();
  for (const [path, content] of disk.files()) {
    const [, top = '', ...rest] = path.split('/');
    if (/\.part(\.state~?)?$/.test(top)) continue;
    const files = folders.get(top) ?? new Map<string, Uint8Array>();
    files.set(['photos', ...rest].join('/'), content);
    folders.set(top, files);
  }
  return folders;
}

function isIn(content: Uint8Array | undefined, version: Version, name: string): boolean {
  const whole = version[name];
  return content !== undefined && whole !== undefined && Buffer.compare(content, whole) === 0;
}

/**
 * All of a version. What was published is not touched any more: what a repetition has instead of it lies
 * beside it.
 */
function isVersion(files: ReadonlyMap<string, Uint8Array>, version: Version): boolean {
  return Object.keys(version).every(
    (name) => isIn(files.get(name), version, name) || isIn(files.get(`${name} (1)`), version, name),
  );
}

/** Whoever looks at a name sees a folder in which no file is missing, and each is whole. */
function expectWhole(disk: PowerDisk, versions: readonly Version[]): void {
  for (const [name, files] of publishedIn(disk)) {
    // Beside published files lies what is not whole, under the name of a partial.
    const finals = [...files].filter(([path]) => !path.endsWith('.part'));
    const found = finals.map(([path, content]): [string, boolean] => {
      const source = path.replace(/ \(\d+\)$/, '');
      return [path, versions.some((version) => isIn(content, version, source))];
    });
    for (const source of Object.keys(SIZES))
      expect(files.has(source), `${name}: ${source}`).toBe(true);
    expect(found.filter(([, isWhole]) => !isWhole)).toEqual([]);
  }
}

async function cutAndResend(cutAts: readonly number[], seed: number, luck: number): Promise<void> {
  const random = new Random(seed);
  let disk = new PowerDisk(cutAts[0]);
  let mayHave: readonly Version[] = [VERSION];
  let wasDelivered = await transfer(disk, VERSION);
  for (const cutAt of [...cutAts.slice(1), Infinity]) {
    disk = disk.restarted(random, luck, cutAt);
    expectWhole(disk, mayHave);
    // Delivered is said of what survives.
    if (wasDelivered) expect(publishedIn(disk).size).toBeGreaterThan(0);
    const version = random.chance(0.3) ? OTHER : VERSION;
    mayHave = [...mayHave, version];
    wasDelivered = (await transfer(disk, version)) || wasDelivered;
    expectWhole(disk, mayHave);
    if (disk.isDead) continue;
    // Also of what the power is lost right after.
    const after = publishedIn(disk.restarted(random, 0));
    expect([...after.values()].some((files) => isVersion(files, version))).toBe(true);
  }
  // What is left of the first try belongs to nobody: a later start removes it.
  disk = disk.restarted(random, 1);
  await new DiskInbox({ folder: '/', platform: 'posix', umask: 0, files: disk }).tidy();
  const left = [...disk.files().keys()].filter((path) => /^\/[^/]*\.part/.test(path));
  expect(left).toEqual([]);
}

async function callCount(): Promise<number> {
  const disk = new PowerDisk();
  expect(await transfer(disk, VERSION)).toBe(true);
  expect([...publishedIn(disk).keys()]).toEqual(['photos']);
  return disk.callCount;
}

testPowerCuts({ what: 'a folder comes', callCount, cutAndResend, seeds: 2, series: 30 });
