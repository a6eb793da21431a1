import { expect } from 'vitest';
import { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';
import { Random } from '../../../sim/random.ts';
import { contentOf } from '../../files/memory-disk.ts';
import { MemoryTree, type TreeEntry } from '../../files/memory-tree.ts';
import { TransferRun } from '../../files/transfer-run.ts';
import { testPowerCuts } from './power-cuts.ts';
import { PowerDisk } from './power-disk.ts';
import { wholeFilesHere } from './whole-files-here.ts';

/** A folder of small files, which the thread of small files writes: here by its code, over a model. */
const tree: readonly TreeEntry[] = [
  { name: 'album' },
  { name: 'album/a', content: contentOf(4_000, 1) },
  { name: 'album/b', content: contentOf(60_000, 2) },
  { name: 'album/empty', content: contentOf(0) },
  { name: 'album/sub' },
  { name: 'album/sub/c', content: contentOf(9_000, 3) },
];
const files = new Map(tree.flatMap(({ name, content }) => (content ? [[name, content]] : [])));

/** A start of the receiving machine, and a transfer to it until it is over or the power is gone. */
async function transfer(disk: PowerDisk): Promise<boolean> {
  const inbox = new DiskInbox({
    ...{ folder: '/', platform: 'posix', umask: 0, files: disk, owned: new Set() },
    wholeFiles: wholeFilesHere(disk),
  });
  const source = new MemoryTree(
    () => tree,
    (name) => files.get(name)!,
  );
  const run = new TransferRun({ source, path: 'album', inbox, isOnDisk: true });
  await run.start();
  let isSettled = false;
  run.receiver.done.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  run.sender.done.catch(() => undefined);
  await run.runUntil(() => disk.isDead || (isSettled && run.sender.isOver));
  // What was said before the power went arrives.
  for (let step = 0; step < 5; step++) await run.step();
  await Promise.race([inbox.settled(), disk.dead]);
  return run.sender.state === 'done';
}

/** Folders that have their names, each with all its files whole. */
function expectWhole(disk: PowerDisk): string[] {
  const found = [...disk.files()].filter(([path]) => !/^\/album[^/]*\.part/.test(path));
  const folders = new Set(found.map(([path]) => path.split('/')[1]!));
  for (const folder of folders) {
    const inIt = found.filter(([path]) => path.startsWith(`/${folder}/`));
    const names = inIt.map(([path]) => path.replace(`/${folder}/`, 'album/'));
    expect(names.sort(), folder).toEqual([...files.keys()].sort());
    for (const [path, content] of inIt) {
      const sent = files.get(path.replace(`/${folder}/`, 'album/'))!;
      expect(Buffer.compare(content, sent), `${path} is whole`).toBe(0);
    }
  }
  return [...folders];
}

/** Cuts, each with a start behind it, and tries until it is delivered. */
async function cutAndResend(cutAts: readonly number[], seed: number, luck: number): Promise<void> {
  const random = new Random(seed);
  let disk = new PowerDisk(cutAts[0]);
  let wasDelivered = await transfer(disk);
  for (const cutAt of [...cutAts.slice(1), Infinity]) {
    disk = disk.restarted(random, luck, cutAt);
    // Delivered is said of what survives.
    if (wasDelivered) expect(expectWhole(disk)).not.toEqual([]);
    wasDelivered = (await transfer(disk)) || wasDelivered;
    expectWhole(disk);
  }
  expect(wasDelivered).toBe(true);
  expect([...disk.files().keys()].filter((path) => path.includes('.part'))).toEqual([]);
  const folders = expectWhole(disk.restarted(random, 0));
  expect(folders).not.toEqual([]);
  expect(folders.length).toBeLessThanOrEqual(cutAts.length + 1);
}

async function callCount(): Promise<number> {
  const disk = new PowerDisk();
  expect(await transfer(disk)).toBe(true);
  expect(expectWhole(disk)).toEqual(['album']);
  return disk.callCount;
}

testPowerCuts({ what: 'a folder of small files comes', callCount, cutAndResend });
