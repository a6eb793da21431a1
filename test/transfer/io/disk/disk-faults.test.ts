import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { SPACE_RETRY_MS } from '../../../../src/transfer/files/receiving/space-wait.ts';
import { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';
import { sourceDisk } from '../../../../src/transfer/io/disk/disk-source.ts';
import { contentOf } from '../../files/memory-disk.ts';
import { type TransferEnd, TransferRun } from '../../files/transfer-run.ts';
import { openBelow, useTemporaryFolder } from './disk-folder.ts';
import { FaultyFiles } from './faulty-files.ts';
import { wholeFilesHere } from './whole-files-here.ts';

/** Every call of the disk fails in its turn, in a transfer that begins and in one that goes on. */

const folder = useTemporaryFolder();
const GIVE_UP_MS = 2 * SPACE_RETRY_MS;

const shapes: Record<'file' | 'folder' | 'small files', Readonly<Record<string, Uint8Array>>> = {
  file: { '': contentOf(300_000) },
  folder: { a: contentOf(10_000, 2), 'sub/b': contentOf(300_000, 3), 'sub/empty': contentOf(0) },
  // These are written by the code of the thread of small files.
  'small files': Object.fromEntries(
    ['a', 'b', 'c', 'd', 'sub/e'].map((name, seed) => [name, contentOf(50_000, seed)]),
  ),
};
type Shape = keyof typeof shapes;

interface Scene {
  readonly shape: Shape;
  readonly inbox: string;
  readonly owned: Set<string>;
}

function sourcePath(shape: Shape): string {
  return join(folder.path, shape, 'thing');
}

function runOf({ shape, inbox, owned }: Scene, { files }: FaultyFiles): TransferRun {
  let nowMs = 0;
  // Content is made durable, and that noted, after each write: more places to fail.
  const clock = { nowMs: () => (nowMs += 10_000) };
  const small = shape === 'small files' ? { wholeFiles: wholeFilesHere(files) } : {};
  return new TransferRun({
    source: sourceDisk,
    path: sourcePath(shape),
    inbox: new DiskInbox({
      folder: inbox,
      platform: 'posix',
      umask: 0,
      owned,
      files,
      ...clock,
      ...small,
    }),
    giveUpMs: GIVE_UP_MS,
    pair: { stepBytes: 65_536 },
    isOnDisk: true,
  });
}

interface Ends {
  readonly sent: TransferEnd;
  readonly received: TransferEnd;
  /** Both sides said that the disk is full. */
  readonly wasPaused: boolean;
}

/** To the end of both sides; while the disk is full, time passes. */
async function finish(run: TransferRun): Promise<Ends> {
  let wasPaused = false;
  await run.start();
  const ends = run.finish(() => {
    if (run.receiver.state === 'paused') run.passMs(SPACE_RETRY_MS / 2);
    wasPaused ||= run.sender.progress.pauseReason === 'no-space';
  });
  return { ...(await ends), wasPaused };
}

async function sceneOf(shape: Shape, isResumed: boolean, at: string): Promise<Scene> {
  const scene: Scene = { shape, inbox: join(folder.path, `inbox-${at}`), owned: new Set() };
  await mkdir(scene.inbox);
  if (!isResumed) return scene;
  const run = runOf(scene, new FaultyFiles());
  await run.start();
  await run.runUntil(() => run.receiver.progress.transferredBytes > 200_000);
  run.pair.vanish();
  await run.finish();
  return scene;
}

/** Files below a folder, or the file itself. */
async function filesIn(path: string, below = ''): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(path, below), { withFileTypes: true })) {
    const inner = join(below, entry.name);
    if (entry.isDirectory()) found.push(...(await filesIn(path, inner)));
    else found.push(inner);
  }
  return found.sort();
}

/** Whatever has its final name is what was sent. */
async function expectNothingHalf({ shape, inbox }: Scene): Promise<void> {
  const expected = shapes[shape];
  for (const name of await readdir(inbox)) {
    if (name.includes('.part')) continue;
    const inner = shape === 'file' ? [''] : await filesIn(join(inbox, name));
    for (const one of inner) {
      expect(Object.keys(expected)).toContain(one);
      const stored = await readFile(join(inbox, name, one));
      expect(Buffer.compare(stored, expected[one]!), `${name}/${one}`).toBe(0);
    }
  }
}

/** What a side says of what was not delivered; a local failure of the other side is a refusal here. */
function storyOf(end: TransferEnd): string[] {
  const told = 'code' in end ? [`${end.code}: ${end.text}`] : [];
  const failures = 'code' in end ? [] : end.failures;
  for (const { name, code, reason } of failures) told.push(`${name} ${code}: ${reason}`);
  return told.map((line) => line.replace('local-file:', 'refused:')).sort();
}

function isWhole(end: TransferEnd): boolean {
  return !('code' in end) && end.failedCount === 0;
}

/** The record of a delivered file may stay if it cannot be removed. */
function withoutRecord(names: readonly string[]): string[] {
  return names.filter((name) => !name.endsWith('.part.state'));
}

/** What a full disk can refuse. */
const takesSpace = /^(create|write|sync|datasync|mkdir|link|unlink|rename|truncate|chmod|utimes)$/;

describe.each([
  ['file', 'begins'],
  ['file', 'goes on'],
  ['folder', 'begins'],
  ['folder', 'goes on'],
  ['small files', 'begins'],
] as const)('a %s that %s, when each call of the disk in turn', (shape, how) => {
  const isResumed = how === 'goes on';

  beforeEach(async () => {
    for (const [name, content] of Object.entries(shapes[shape])) {
      const path = join(sourcePath(shape), name);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, content);
    }
  });

  /** Until an index is reached that no call has. */
  async function forEachCall(
    fails: (at: number, index: number) => boolean,
    code: 'EIO' | 'ENOSPC',
    check: (ends: Ends, scene: Scene, call: string, run: TransferRun) => Promise<void> | void,
  ): Promise<void> {
    for (let index = 0; ; index++) {
      const scene = await sceneOf(shape, isResumed, String(index));
      const faulty = new FaultyFiles();
      faulty.fault = (at, call) =>
        fails(at, index) && (code === 'EIO' || takesSpace.test(call)) ? code : undefined;
      const run = runOf(scene, faulty);
      const ends = await finish(run);
      const call = faulty.calls[index];
      if (call === undefined) {
        expect(isWhole(ends.received)).toBe(true);
        return;
      }
      const where = `${code} at call ${index}, ${call}: ${faulty.calls.join(' ')}`;
      try {
        const story = storyOf(ends.received);
        expect(storyOf(ends.sent)).toEqual(story);
        expect(story.join()).not.toContain('unexpected');
        await expectNothingHalf(scene);
        expect([...scene.owned]).toEqual([]);
        expect(openBelow(folder.path)).toEqual([]);
        await check(ends, scene, call, run);
        if ('code' in ends.received) await expectGoesOn(scene);
      } catch (cause) {
        throw new Error(`${where}\n${(cause as Error).message}`, { cause });
      }
      await rm(scene.inbox, { recursive: true });
    }
  }

  /** With a disk that works again the same is delivered, and nothing else is left. */
  async function expectGoesOn(scene: Scene): Promise<void> {
    const { received } = await finish(runOf(scene, new FaultyFiles()));
    expect(isWhole(received)).toBe(true);
    expect(await readdir(scene.inbox)).toEqual(['thing']);
    const names = Object.keys(shapes[shape]).sort();
    if (shape !== 'file') expect(await filesIn(join(scene.inbox, 'thing'))).toEqual(names);
    await expectNothingHalf(scene);
  }

  test('fails once: one reason on both sides, and nothing half or wrong', async () => {
    await forEachCall(
      (at, index) => at === index,
      'EIO',
      async ({ received }, { inbox }, _call, { acceptedCount }) => {
        const names = await readdir(inbox);
        // Before the first byte it leaves nothing, and what was there as it was.
        if ('code' in received && acceptedCount === 0) {
          expect(names.sort()).toEqual(isResumed ? ['thing.part', 'thing.part.state'] : []);
        }
        if (isWhole(received) && !isResumed) expect(withoutRecord(names)).toEqual(['thing']);
      },
    );
  });

  test('and all after it fail: one reason on both sides, and it goes on once they work', async () => {
    await forEachCall(
      (at, index) => at >= index,
      'EIO',
      async ({ received }, { inbox }) => {
        // It was delivered before the first call that failed: only the record of it is left.
        if (!isWhole(received)) return;
        expect(withoutRecord(await readdir(inbox))).toEqual(['thing']);
      },
    );
  });

  test('finds the disk full once: it pauses, goes on by itself and is whole', async () => {
    await forEachCall(
      (at, index) => at === index,
      'ENOSPC',
      async ({ received }, { inbox }, call) => {
        // What a failed sync has lost cannot be known: the disk is waited for in vain.
        if (call === 'datasync') return;
        expect(isWhole(received)).toBe(true);
        expect(withoutRecord(await readdir(inbox))).toEqual(['thing']);
      },
    );
  });

  test('and all after it find the disk full: it pauses, gives up, and goes on later', async () => {
    await forEachCall(
      (at, index) => at >= index,
      'ENOSPC',
      async ({ received, wasPaused }, { inbox }) => {
        if (isWhole(received)) {
          expect(withoutRecord(await readdir(inbox))).toEqual(['thing']);
          return;
        }
        expect(received).toMatchObject({ code: 'no-space' });
        expect(wasPaused).toBe(true);
      },
    );
  });

  // What could not be written cannot be removed either.
  if (shape !== 'small files') return;
  test('and the next one fail: one reason on both sides, and nothing half or wrong', async () => {
    await forEachCall(
      (at, index) => at === index || at === index + 1,
      'EIO',
      () => undefined,
    );
  });
});
