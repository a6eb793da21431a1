import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  appendFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { formatState, parseState } from '../../../../src/transfer/io/disk/disk-state.ts';
import { diskFiles } from '../../../../src/transfer/io/disk/disk-files.ts';
import { sourceDisk } from '../../../../src/transfer/io/disk/disk-source.ts';
import type { ConflictPolicy } from '../../../../src/transfer/files/disk.ts';
import { EarlierTries } from '../../../../src/transfer/files/receiving/earlier-tries.ts';
import { MAX_RECORD_AGE_MS, MAX_RECORDS } from '../../../../src/transfer/io/disk/partial-index.ts';
import { contentOf, offeredFile } from '../../files/memory-disk.ts';
import { TransferRun } from '../../files/transfer-run.ts';
import type { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';
import { inboxIn, useTemporaryFolder } from './disk-folder.ts';

const folder = useTemporaryFolder();
const content = contentOf(4_000_000);
const sha256 = createHash('sha256').update(content).digest('hex');
let inboxPath = '';
let path = '';

beforeEach(async () => {
  inboxPath = join(folder.path, 'inbox');
  path = join(folder.path, 'movie.mp4');
  await mkdir(inboxPath);
  await writeFile(path, content);
});

const partPath = (): string => join(inboxPath, 'movie.mp4.part');
const statePath = (): string => join(inboxPath, 'movie.mp4.part.state');

/** As after a start of both sides: nothing is remembered but what lies on the disk. */
function newRun(
  inbox: DiskInbox = inboxIn(inboxPath),
  conflict: ConflictPolicy = 'rename',
  earlierTries?: EarlierTries,
): TransferRun {
  const others = earlierTries === undefined ? {} : { earlierTries };
  return new TransferRun({ source: sourceDisk, path, inbox, isOnDisk: true, conflict, ...others });
}

/** The first try ends after a megabyte. */
async function interrupt(): Promise<void> {
  const run = newRun();
  await run.start();
  await run.runUntil(() => run.receiver.progress.transferredBytes > 1_000_000);
  run.pair.vanish();
  await run.finish();
  expect((await stat(partPath())).size).toBeGreaterThan(1_000_000);
}

/** Sends again; how many bytes of the stream that took. */
async function sendAgain(): Promise<number> {
  const run = newRun();
  await run.start();
  const { received } = await run.finish();
  expect(received).toMatchObject({ sha256 });
  const stored = await readFile(join(inboxPath, 'movie.mp4'));
  expect(stored.equals(readFileSync(path))).toBe(true);
  return run.pair.opener.writtenBytes;
}

test('sending again sends what is missing, and leaves nothing but the file', async () => {
  await interrupt();
  const { size } = await stat(partPath());
  const sentBytes = await sendAgain();
  // What left before the answer came to the first 64 KiB is sent for nothing.
  expect(sentBytes).toBeLessThan(content.length - size + 65_536 + 20_000);
  expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
});

const changes: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['was edited on the disk', (): Promise<unknown> => flip(partPath())],
  ['was cut', (): Promise<unknown> => truncate(partPath(), 500_000)],
  ['has a state that was cut', (): Promise<unknown> => truncate(statePath(), 50)],
  ['has a state that is empty', (): Promise<unknown> => truncate(statePath(), 0)],
  ['has a state of nonsense', (): Promise<unknown> => writeFile(statePath(), '{"version":1}')],
  [
    'has a state that is too large',
    (): Promise<unknown> => writeFile(statePath(), 'x'.repeat(70_000)),
  ],
  [
    'has a state that claims more than there is',
    async (): Promise<unknown> => {
      const state = parseState(await readFile(statePath(), 'utf8'))!;
      return writeFile(statePath(), formatState({ ...state, durableBytes: 3_999_999 }));
    },
  ],
  [
    'has a state that claims all, and is as long',
    async (): Promise<unknown> => {
      const state = parseState(await readFile(statePath(), 'utf8'))!;
      await truncate(partPath(), content.length);
      return writeFile(statePath(), formatState({ ...state, durableBytes: content.length }));
    },
  ],
];

async function flip(name: string): Promise<void> {
  const bytes = await readFile(name);
  bytes[100_000]! ^= 1;
  await writeFile(name, bytes);
}

test.each(changes)('a partial that %s ends as the whole file', async (_what, change) => {
  await interrupt();
  await change();
  await sendAgain();
  expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
});

test('a partial that is not ours is left as it is, and the file takes another name', async () => {
  const precious = join(folder.path, 'precious');
  await writeFile(precious, 'mine');
  for (const put of [symlink, link]) {
    await interrupt();
    await unlink(partPath());
    await put(precious, partPath());
    const run = newRun();
    await run.start();
    expect((await run.finish()).received).toMatchObject({ sha256 });
    expect(await readFile(precious, 'utf8')).toBe('mine');
    const stored = await readdir(inboxPath);
    expect(stored).toContain('movie (1).mp4');
    for (const name of stored) await unlink(join(inboxPath, name));
  }
});

describe('a source that between two tries', () => {
  const sourceChanges: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['has grown', (): Promise<unknown> => appendFile(path, 'more')],
    ['was cut', (): Promise<unknown> => truncate(path, 3_000_000)],
    [
      'was changed in place, its times set back',
      async (): Promise<unknown> => {
        const { atime, mtime } = await stat(path);
        await flip(path);
        return utimes(path, atime, mtime);
      },
    ],
    [
      'was replaced by another of its size and time',
      async (): Promise<unknown> => {
        const { atime, mtime } = await stat(path);
        const other = join(folder.path, 'other');
        await writeFile(other, contentOf(content.length, 2));
        await utimes(other, atime, mtime);
        return rename(other, path);
      },
    ],
  ];
  test.each(sourceChanges)('%s is sent anew', async (_what, change) => {
    await interrupt();
    await change();
    const run = newRun();
    await run.start();
    const { received } = await run.finish();
    const now = await readFile(path);
    expect(received).toMatchObject({ sha256: createHash('sha256').update(now).digest('hex') });
    expect((await readFile(join(inboxPath, 'movie.mp4'))).equals(now)).toBe(true);
    expect(run.pair.opener.writtenBytes).toBeGreaterThan(now.length);
    expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
  });
});

test('what is damaged on the disk is sent again once, in the same connection', async () => {
  await interrupt();
  await flip(partPath());
  const run = newRun();
  await run.start();
  const { sent, received } = await run.finish();
  expect([sent, received]).toEqual([
    expect.objectContaining({ sha256 }),
    expect.objectContaining({ sha256 }),
  ]);
  expect(run.pair.opener.writtenBytes).toBeGreaterThan(content.length);
});

test('of two transfers at once only one goes on with a partial', async () => {
  await interrupt();
  const inbox = inboxIn(inboxPath);
  const runs = [0, 1].map(
    () => new TransferRun({ source: sourceDisk, path, inbox, isOnDisk: true }),
  );
  await Promise.all(
    runs.map(async (run) => {
      await run.start();
      await run.finish();
    }),
  );
  expect((await readdir(inboxPath)).sort()).toEqual(['movie (1).mp4', 'movie.mp4']);
  const [one, two] = runs.map((run) => run.pair.opener.writtenBytes);
  expect(Math.min(one!, two!)).toBeLessThan(3_200_000);
  expect(Math.max(one!, two!)).toBeGreaterThan(4_000_000);
});

test.each([
  ['', false],
  [', also after a start', true],
])('a file whose sender left before it heard of it is not stored twice%s', async (_when, isNew) => {
  const inbox = inboxIn(inboxPath);
  const run = newRun(inbox);
  await run.start();
  await run.runUntil(() => run.receiver.state === 'done');
  run.pair.vanish();
  await run.finish();
  expect((await readdir(inboxPath)).sort()).toEqual(['movie.mp4', 'movie.mp4.part.state']);
  const again = newRun(isNew ? inboxIn(inboxPath) : inbox);
  await again.start();
  expect((await again.finish()).received).toMatchObject({
    sha256,
    path: join(inboxPath, 'movie.mp4'),
  });
  expect(again.pair.opener.writtenBytes).toBeLessThan(100_000);
  expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
});

test('a file that a crash left with two names, or with its state, is not stored twice', async () => {
  await interrupt();
  const state = parseState(await readFile(statePath(), 'utf8'))!;
  await writeFile(partPath(), content);
  const partInode = (await stat(partPath(), { bigint: true })).ino;
  await writeFile(statePath(), formatState({ ...state, partInode }));
  await link(partPath(), join(inboxPath, 'movie.mp4'));
  expect(await sendAgain()).toBeLessThan(100_000);
  expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
});

test('a file that a crash left with two names before its state knew it is not stored twice', async () => {
  await interrupt();
  const state = parseState(await readFile(statePath(), 'utf8'))!;
  await writeFile(partPath(), content);
  await writeFile(statePath(), formatState({ ...state, partInode: 0n }));
  await link(partPath(), join(inboxPath, 'movie.mp4'));
  expect(await sendAgain()).toBeLessThan(100_000);
  expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
});

test('a published file that was changed before its repetition is left alone', async () => {
  await untold();
  await flip(join(inboxPath, 'movie.mp4'));
  const run = newRun();
  await run.start();
  expect((await run.finish()).received).toMatchObject({
    sha256,
    path: join(inboxPath, 'movie (1).mp4'),
  });
  expect((await readdir(inboxPath)).sort()).toEqual(['movie (1).mp4', 'movie.mp4']);
});

/** It is stored, and its sender has not heard. */
async function untold(inbox?: DiskInbox): Promise<void> {
  const run = newRun(inbox);
  await run.start();
  await run.runUntil(() => run.receiver.state === 'done');
  run.pair.vanish();
  await run.finish();
}

test('the record of a file that its sender has not heard of goes after a week', async () => {
  await untold();
  await inboxIn(inboxPath).tidy();
  expect(await readdir(inboxPath)).toContain('movie.mp4.part.state');
  const weekAgo = (Date.now() - MAX_RECORD_AGE_MS) / 1_000 - 60;
  await utimes(statePath(), weekAgo, weekAgo);
  const inbox = inboxIn(inboxPath);
  await inbox.tidy();
  await inbox.settled();
  expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
});

test('of a file that a crash left with two names the partial goes with the old record', async () => {
  await untold();
  await link(join(inboxPath, 'movie.mp4'), partPath());
  const weekAgo = (Date.now() - MAX_RECORD_AGE_MS) / 1_000 - 60;
  await utimes(statePath(), weekAgo, weekAgo);
  const inbox = inboxIn(inboxPath);
  await inbox.tidy();
  await inbox.settled();
  expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
});

test('of records there are so many at most, and the oldest goes first', async () => {
  const inbox = inboxIn(inboxPath);
  const [first, ...others] = Array.from(
    { length: MAX_RECORDS + 1 },
    (_unused, index) => `f${index}`,
  );
  for (const name of [first!, ...others]) {
    const entry = offeredFile({ name, sizeBytes: 0 });
    const claimed = await inbox.claimFile({
      peer: 'derek',
      entry,
      storedName: name,
      conflict: 'rename',
    });
    await claimed.publish({ mtimeNs: 0n, mode: 0o600, isAborted: () => false });
    claimed.told();
  }
  await inbox.settled();
  const states = (await readdir(inboxPath)).filter((name) => name.endsWith('.part.state'));
  expect(states.sort()).toEqual(others.map((name) => `${name}.part.state`).sort());
});

test('a state whose transfer was killed before it had a partial costs no other name', async () => {
  await interrupt();
  const state = parseState(await readFile(statePath(), 'utf8'))!;
  await unlink(partPath());
  for (const peer of [state.peer, 'somebody']) {
    await writeFile(statePath(), formatState({ ...state, peer, owner: '', partInode: 0n }));
    await sendAgain();
    expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
    await unlink(join(inboxPath, 'movie.mp4'));
  }
});

test('a record does not stand in the way of a file that takes the place of its own', async () => {
  await untold();
  await writeFile(path, 'another');
  const run = newRun(inboxIn(inboxPath), 'overwrite');
  await run.start();
  await run.finish();
  expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
  expect(await readFile(join(inboxPath, 'movie.mp4'), 'utf8')).toBe('another');
});

test('a try whose sender was killed gives way to the next one, which goes on with its partial', async () => {
  const inbox = inboxIn(inboxPath);
  let nowUs = 0;
  const earlierTries = new EarlierTries({
    nowUs: () => nowUs,
    after: (delayMs, action) => {
      nowUs += delayMs * 1_000;
      setImmediate(action);
    },
    wake: () => undefined,
  });
  const killed = newRun(inbox, 'rename', earlierTries);
  await killed.start();
  await killed.runUntil(() => killed.receiver.progress.transferredBytes > 1_000_000);
  const next = newRun(inbox, 'rename', earlierTries);
  await next.start();
  expect((await next.finish()).received).toMatchObject({ sha256 });
  expect(killed.receiver.state).toBe('failed');
  expect(next.pair.opener.writtenBytes).toBeLessThan(3_200_000);
  expect(await readdir(inboxPath)).toEqual(['movie.mp4']);
  await killed.finish();
});

test('a file that was sent twice on purpose is stored twice', async () => {
  await sendAgain();
  const run = newRun();
  await run.start();
  await run.finish();
  expect((await readdir(inboxPath)).sort()).toEqual(['movie (1).mp4', 'movie.mp4']);
});

test('a state without a partial is removed at the start, and a state of a partial is not', async () => {
  await interrupt();
  const lonely = parseState(await readFile(statePath(), 'utf8'))!;
  await writeFile(
    join(inboxPath, 'gone.part.state'),
    formatState({ ...lonely, storedName: 'gone', name: 'gone' }),
  );
  await writeFile(join(inboxPath, 'movie.mp4.part.state~'), '{"version":1,"ki');
  for (const name of ['gone.part.state', 'movie.mp4.part.state~']) {
    await inboxIn(inboxPath).tidy();
    // Another program may be about to use it.
    expect(await readdir(inboxPath)).toContain(name);
    await utimes(join(inboxPath, name), 1, 1);
  }
  await inboxIn(inboxPath).tidy();
  expect((await readdir(inboxPath)).sort()).toEqual(['movie.mp4.part', 'movie.mp4.part.state']);
});

test.each(['notes.part.state', 'notes.part.state~'])(
  'a file of somebody else that is called %s stays',
  async (name) => {
    await writeFile(join(inboxPath, name), 'the orchestra is tuned');
    await utimes(join(inboxPath, name), 1, 1);
    await inboxIn(inboxPath).tidy();
    expect(await readdir(inboxPath)).toEqual([name]);
  },
);

test.each([
  ['empty', ''],
  ['zeros', '\0'.repeat(300)],
  ['a beginning', '{"version":1,"kind":"fi'],
])('a state without a partial of which a crash has left %s is removed', async (_what, text) => {
  await writeFile(statePath(), text);
  await writeFile(`${statePath()}~`, text);
  for (const name of [statePath(), `${statePath()}~`]) await utimes(name, 1, 1);
  await inboxIn(inboxPath).tidy();
  expect(await readdir(inboxPath)).toEqual([]);
});

test('old records go and young ones stay, in whatever order the disk names them', async () => {
  const first = inboxIn(inboxPath);
  for (const name of ['a', 'b', 'c']) {
    const entry = offeredFile({ name, sizeBytes: 0 });
    const request = { peer: 'derek', entry, storedName: name, conflict: 'rename' } as const;
    const claimed = await first.claimFile(request);
    await claimed.publish({ mtimeNs: 0n, mode: 0o600, isAborted: () => false });
    claimed.told();
  }
  const weekAgo = (Date.now() - MAX_RECORD_AGE_MS) / 1_000 - 60;
  await utimes(join(inboxPath, 'b.part.state'), weekAgo, weekAgo);
  const inSomeOrder = {
    ...diskFiles,
    readdir: async (path: string) => (await diskFiles.readdir(path)).sort(),
  };
  const inbox = inboxIn(inboxPath, inSomeOrder);
  await inbox.tidy();
  await inbox.settled();
  const names = await readdir(inboxPath);
  expect(names.sort()).toEqual(['a', 'a.part.state', 'b', 'c', 'c.part.state']);
});
