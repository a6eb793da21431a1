import {
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ClaimedFile, ClaimRequest } from '../../../../src/transfer/files/disk.ts';
import { diskFiles, type DiskStats } from '../../../../src/transfer/io/disk/disk-files.ts';
import { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';
import { MAX_NAME_ATTEMPTS } from '../../../../src/transfer/io/disk/inbox-context.ts';
import { offeredFile } from '../../files/memory-disk.ts';
import { inboxIn, recordingFiles, systemError, useTemporaryFolder } from './disk-folder.ts';

const folder = useTemporaryFolder();
const publication = { mtimeNs: 1_619_308_590_500_000_000n, mode: 0o777, isAborted: () => false };

/** Each from another sender, so that none goes on with another's partial. */
let peerCount = 0;

function requestOf(storedName: string, sizeBytes = 5): ClaimRequest {
  const entry = offeredFile({ name: storedName, sizeBytes });
  return { peer: `peer-${++peerCount}`, entry, storedName, conflict: 'rename' };
}

async function received(inbox: DiskInbox, name: string, text: string): Promise<string | undefined> {
  const partial = await inbox.claimFile(requestOf(name));
  await partial.append(Buffer.from(text));
  const path = await partial.publish(publication);
  partial.told();
  await partial.confirm();
  return path;
}

async function textIn(name: string): Promise<string> {
  return readFile(join(folder.path, name), 'utf8');
}

test('a published file is durable before it is named, and named before it is told', async () => {
  const log: string[] = [];
  const inbox = inboxIn(folder.path, recordingFiles(log));
  const path = await received(inbox, 'movie.mp4', 'hello');
  expect(path).toBe(join(folder.path, 'movie.mp4'));
  const told = /^(open part|write part|sync (part|folder)|link|unlink( state)?)$/;
  // A draft that is not there is removed before each state that is written.
  const removed = log.filter((call, index) => call !== 'unlink' || log[index - 1] === 'link');
  expect(removed.filter((call) => told.test(call))).toEqual([
    'sync folder',
    'open part',
    'write part',
    'sync part',
    'link',
    'unlink',
    'sync folder',
    'unlink state',
  ]);
  expect(await readdir(folder.path)).toEqual(['movie.mp4']);
  expect(await textIn('movie.mp4')).toBe('hello');
});

test('a published file has the time it came with and its mode less the umask', async () => {
  await received(inboxIn(folder.path), 'a', 'hello');
  const { mode, mtimeMs } = await stat(join(folder.path, 'a'));
  expect(mode & 0o7777).toBe(0o755);
  expect(mtimeMs).toBe(1_619_308_590_500);
});

test('a mode from the network never sets the user or group', async () => {
  const partial = await inboxIn(folder.path).claimFile(requestOf('a'));
  await partial.publish({ ...publication, mode: 0o6755 });
  expect((await stat(join(folder.path, 'a'))).mode & 0o7777).toBe(0o755);
});

test('until it is published a file has no name but that of a partial, for its owner only', async () => {
  const partial = await inboxIn(folder.path).claimFile(requestOf('movie.mp4', 1_000_000));
  await partial.append(new Uint8Array(100_000));
  expect((await readdir(folder.path)).sort()).toEqual(['movie.mp4.part', 'movie.mp4.part.state']);
  const { mode, size } = await stat(join(folder.path, 'movie.mp4.part'));
  expect([mode & 0o777, size, partial.writtenBytes]).toEqual([0o600, 100_000, 100_000]);
  await partial.discard();
  expect(await readdir(folder.path)).toEqual([]);
});

test('a name that is taken is not touched, also when a link to nowhere has it', async () => {
  await writeFile(join(folder.path, 'a.txt'), 'mine');
  await symlink('/nowhere/at/all', join(folder.path, 'a (1).txt'));
  await received(inboxIn(folder.path), 'a.txt', 'hello');
  expect(await textIn('a.txt')).toBe('mine');
  expect(await readlink(join(folder.path, 'a (1).txt'))).toBe('/nowhere/at/all');
  expect(await textIn('a (2).txt')).toBe('hello');
});

test('a link in the place of a partial is not followed', async () => {
  const target = join(folder.path, 'elsewhere');
  await writeFile(target, 'precious');
  await symlink(target, join(folder.path, 'a.part'));
  await symlink(join(folder.path, 'not-made'), join(folder.path, 'a (1).part'));
  await received(inboxIn(folder.path), 'a', 'hello');
  expect(await textIn('elsewhere')).toBe('precious');
  expect(existsSync(join(folder.path, 'not-made'))).toBe(false);
  expect(await textIn('a (2)')).toBe('hello');
});

test.each([
  ['a link', (path: string) => symlink('/etc/hostname', path)],
  ['another file', (path: string) => writeFile(path, 'jello')],
])('%s that took the place of a partial gets no name', async (_what, place) => {
  const partial = await inboxIn(folder.path).claimFile(requestOf('a'));
  await partial.append(Buffer.from('hello'));
  // Kept open, so that its inode is not given to the next file.
  await rename(join(folder.path, 'a.part'), join(folder.path, 'elsewhere'));
  await place(join(folder.path, 'a.part'));
  await expect(partial.publish(publication)).rejects.toMatchObject({
    code: 'local-file',
    message: 'the inbox cannot be written: another file stands in the place of the partial',
  });
  await partial.discard();
  expect(existsSync(join(folder.path, 'a'))).toBe(false);
});

test('many transfers of one name at once end as that many whole files', async () => {
  const inbox = inboxIn(folder.path);
  const texts = Array.from({ length: 20 }, (_unused, index) => `content ${index}`);
  const paths = await Promise.all(texts.map((text) => received(inbox, 'a.txt', text)));
  expect(new Set(paths).size).toBe(20);
  const names = await readdir(folder.path);
  expect(names.filter((name) => name.endsWith('.part'))).toEqual([]);
  const found = await Promise.all(names.map((name) => textIn(name)));
  expect(found.sort()).toEqual([...texts].sort());
});

test('a name that is taken while the content arrives is left to who took it', async () => {
  const partial = await inboxIn(folder.path).claimFile(requestOf('a.txt'));
  await partial.append(Buffer.from('hello'));
  await writeFile(join(folder.path, 'a.txt'), 'mine');
  expect(await partial.publish(publication)).toBe(join(folder.path, 'a (1).txt'));
  expect(await textIn('a.txt')).toBe('mine');
});

test('a partial of an earlier transfer is kept, and the next file of its name takes another', async () => {
  const inbox = inboxIn(folder.path);
  const lost = await inbox.claimFile(requestOf('a.txt'));
  await lost.append(Buffer.from('hel'));
  await lost.keep();
  await received(inbox, 'a.txt', 'hello');
  expect((await readdir(folder.path)).sort()).toEqual([
    'a (1).txt',
    'a.txt.part',
    'a.txt.part.state',
  ]);
  expect(await textIn('a.txt.part')).toBe('hel');
});

test('an aborted publication leaves the partial as it was', async () => {
  const inbox = inboxIn(folder.path);
  const partial = await inbox.claimFile(requestOf('a'));
  await partial.append(Buffer.from('hello'));
  expect(await partial.publish({ ...publication, isAborted: () => true })).toBeUndefined();
  await partial.keep();
  expect((await readdir(folder.path)).sort()).toEqual(['a.part', 'a.part.state']);
});

test.each(['sync part', 'link', 'chmod part'])(
  'a file has no final name when %s fails',
  async (failing) => {
    const files = recordingFiles([], (call) => {
      if (call === failing) throw systemError('EIO');
    });
    const partial = await inboxIn(folder.path, files).claimFile(requestOf('a'));
    await expect(partial.publish(publication)).rejects.toMatchObject({
      code: 'local-file',
      message: 'the inbox cannot be written: the disk failed',
    });
    await partial.keep();
    expect((await readdir(folder.path)).sort()).toEqual(['a.part', 'a.part.state']);
  },
);

test('a file whose folder could not be synced is not called published', async () => {
  let syncCount = 0;
  const files = recordingFiles([], (call) => {
    // The first one is for the state.
    if (call === 'sync folder' && ++syncCount > 1) throw systemError('EIO');
  });
  const partial = await inboxIn(folder.path, files).claimFile(requestOf('a'));
  await expect(partial.publish(publication)).rejects.toMatchObject({ code: 'local-file' });
  await partial.keep();
});

describe('where the file system has no links', () => {
  const withoutLinks = (): ReturnType<typeof recordingFiles> =>
    recordingFiles([], (call) => {
      if (call === 'link') throw systemError('EPERM');
    });

  test('many transfers of one name at once still end as that many files', async () => {
    const inbox = inboxIn(folder.path, withoutLinks());
    const partials: ClaimedFile[] = [];
    for (let count = 0; count < 5; count++) {
      partials.push(await inbox.claimFile(requestOf('a')));
    }
    await writeFile(join(folder.path, 'a'), 'mine');
    const paths = await Promise.all(partials.map((partial) => partial.publish(publication)));
    expect(new Set(paths).size).toBe(5);
    expect(await textIn('a')).toBe('mine');
    for (const partial of partials) {
      partial.told();
      await partial.confirm();
    }
    expect((await readdir(folder.path)).length).toBe(6);
  });
});

test('Windows opens no folder to sync it', async () => {
  const log: string[] = [];
  const files = recordingFiles(log);
  const inbox = new DiskInbox({ folder: folder.path, platform: 'win32', umask: 0, files });
  await received(inbox, 'a', 'hello');
  expect(log).not.toContain('open folder');
});

describe('room on the disk', () => {
  /** 100 blocks of 10 bytes, 40 of them free. */
  const files = {
    ...diskFiles,
    statfs: () => Promise.resolve({ bsize: 10, blocks: 100, bavail: 40 }),
  };

  test('is needed for the whole offer before any of it is taken', async () => {
    const inbox = inboxIn(folder.path, files);
    await expect(inbox.reserve(401, 0)).rejects.toMatchObject({
      code: 'no-space',
      message: 'no space: 401 bytes offered, room for 400',
    });
    (await inbox.reserve(400, 0)).release();
  });

  test('is left free by the share asked for', async () => {
    const inbox = inboxIn(folder.path, files);
    await expect(inbox.reserve(351, 0.05)).rejects.toMatchObject({ code: 'no-space' });
    (await inbox.reserve(350, 0.05)).release();
  });

  test('is promised once only, and given back as it is used and at the end', async () => {
    const inbox = inboxIn(folder.path, files);
    const ends = await Promise.allSettled([inbox.reserve(300, 0), inbox.reserve(300, 0)]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [room] = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    room!.spend(100);
    (await inbox.reserve(200, 0)).release();
    await expect(inbox.reserve(201, 0)).rejects.toMatchObject({ code: 'no-space' });
    room!.release();
    room!.release();
    (await inbox.reserve(400, 0)).release();
  });
});

test.each(['ENOSPC', 'EDQUOT'])('a write that fails with %s is a lack of space', async (code) => {
  const files = recordingFiles([], (call) => {
    if (call === 'write part') throw systemError(code);
  });
  const partial = await inboxIn(folder.path, files).claimFile(requestOf('a'));
  await expect(partial.append(Buffer.from('hello'))).rejects.toMatchObject({ code: 'no-space' });
  expect(partial.writtenBytes).toBe(0);
  await partial.discard();
});

test('names are tried a limited number of times', async () => {
  await writeFile(join(folder.path, 'a'), 'mine');
  const taken = await diskFiles.lstat(join(folder.path, 'a'), { bigint: true });
  let triedCount = 0;
  const lstat = (): Promise<DiskStats> => {
    triedCount++;
    return Promise.resolve(taken);
  };
  const inbox = inboxIn(folder.path, { ...diskFiles, lstat });
  await expect(inbox.claimFile(requestOf('a'))).rejects.toMatchObject({ code: 'local-file' });
  expect(triedCount).toBe(MAX_NAME_ATTEMPTS);
});

test.each([
  `${'x'.repeat(251)}.mp4`,
  `${'é'.repeat(120)}.mp4`,
  '😀'.repeat(63),
  'שלום 😀 \' " $(x) #.txt',
])('the name %j is stored as it is, twice', async (name) => {
  const inbox = inboxIn(folder.path);
  await received(inbox, name, 'one');
  await received(inbox, name, 'two');
  const names = await readdir(folder.path);
  expect([names.length, names.includes(name)]).toEqual([2, true]);
});

test('an inbox that is not there, is a file, or cannot be written is a clear failure', async () => {
  const file = join(folder.path, 'file');
  await writeFile(file, '');
  await mkdir(join(folder.path, 'folder'));
  const cases: [string, string][] = [
    [join(folder.path, 'nowhere'), 'the inbox cannot be written: no such file or folder'],
    [file, 'the inbox cannot be written: not a folder'],
  ];
  // A folder in which even root may make nothing.
  if (existsSync('/sys/kernel')) {
    cases.push(['/sys/kernel', 'the inbox cannot be written: permission denied']);
  }
  for (const [path, message] of cases) {
    await expect(inboxIn(path).claimFile(requestOf('updraft', 0))).rejects.toMatchObject({
      code: 'local-file',
      message,
    });
  }
});

/** The real disk: what is done with files by this name is closed, and says that it could not be. */
function unclosable(name: string): typeof diskFiles {
  return {
    ...diskFiles,
    open: async (path, flags, mode) => {
      const handle = await diskFiles.open(path, flags, mode);
      if (!path.endsWith(name)) return handle;
      return new Proxy(handle, {
        get(target, key): unknown {
          const member: unknown = Reflect.get(target, key);
          if (typeof member !== 'function') return member;
          return async (...parameters: unknown[]): Promise<unknown> => {
            const result = await (member as (...all: unknown[]) => unknown).apply(
              target,
              parameters,
            );
            if (key === 'close') throw systemError('EIO');
            return result;
          };
        },
      });
    },
  };
}

test('a file that says something when it is closed is published, or kept for the next try', async () => {
  const inbox = inboxIn(folder.path, unclosable('a.part'));
  const request = requestOf('a');
  const first = await inbox.claimFile(request);
  await first.append(Buffer.from('he'));
  await first.keep();
  const second = await inbox.claimFile(request);
  expect(second.startBytes).toBe(2);
  await second.append(Buffer.from('llo'));
  expect(await second.publish(publication)).toBe(join(folder.path, 'a'));
  second.told();
  await second.confirm();
});

test('a delivered file that is another now lets its place go once, however often a new one is tried', async () => {
  let isFull = false;
  const files = recordingFiles([], (call) => {
    if (isFull && call === 'open state') throw systemError('ENOSPC');
  });
  const inbox = inboxIn(folder.path, files);
  const request = requestOf('a');
  const first = await inbox.claimFile(request);
  await first.append(Buffer.from('hello'));
  await first.publish(publication);
  first.told();
  const again = await inbox.claimFile(request);
  expect(again.startBytes).toBe(5);
  isFull = true;
  await expect(again.restart()).rejects.toMatchObject({ code: 'no-space' });
  isFull = false;
  const other = { ...requestOf('a'), peer: 'jess', conflict: 'overwrite' } as const;
  const taken = await inbox.claimFile(other);
  await again.restart();
  expect(await readdir(folder.path)).toContain('a.part.state');
  await Promise.all([again.discard(), taken.discard()]);
  expect(await readdir(folder.path)).toEqual(['a']);
});
