import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { appendFile, chmod, mkdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sourceDisk } from '../../../../src/transfer/io/disk/disk-source.ts';
import { useTemporaryFolder } from './disk-folder.ts';

const folder = useTemporaryFolder();

function pathOf(name: string): string {
  return join(folder.path, name);
}

test('a regular file is described and read in order to its end', async () => {
  await writeFile(pathOf('a'), 'hello world');
  await chmod(pathOf('a'), 0o4751);
  await utimes(pathOf('a'), 1_000, 1_619_308_590.5);
  const source = await sourceDisk.open(pathOf('a'), 0);
  expect(source).toMatchObject({ sizeBytes: 11 });
  expect(source.mtimeNs).toBe(1_619_308_590_500_000_000n);
  const target = Buffer.alloc(6);
  expect([await source.read(target, 0), target.toString()]).toEqual([6, 'hello ']);
  expect([await source.read(target, 6), target.toString('utf8', 0, 5)]).toEqual([5, 'world']);
  expect(await source.read(target, 11)).toBe(0);
  await source.close();
});

test('a link to a file is followed', async () => {
  await writeFile(pathOf('a'), 'hello');
  await symlink('a', pathOf('b'));
  const source = await sourceDisk.open(pathOf('b'), 0);
  expect(source.sizeBytes).toBe(5);
  await source.close();
});

test.each([
  ['grown', (path: string): Promise<void> => appendFile(path, '!')],
  ['been truncated', (path: string): Promise<void> => truncate(path, 3)],
  ['been written in place', (path: string): Promise<void> => utimes(path, 1, 2)],
])('a file that has %s since it was opened is noticed', async (_what, change) => {
  await writeFile(pathOf('a'), 'hello');
  const source = await sourceDisk.open(pathOf('a'), 0);
  expect(await source.isUnchanged()).toBe(true);
  await change(pathOf('a'));
  expect(await source.isUnchanged()).toBe(false);
  await source.close();
});

test('what is not a regular file is refused by name and never waited for', async () => {
  await mkdir(pathOf('folder'));
  execFileSync('mkfifo', [pathOf('fifo')]);
  const server = createServer().listen(pathOf('socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  const cases = [
    [pathOf('folder'), 'is a folder, not a regular file'],
    [pathOf('fifo'), 'is a FIFO, not a regular file'],
    [pathOf('socket'), 'is a socket, not a regular file'],
    ['/dev/zero', 'is a device, not a regular file'],
    [pathOf('nothing'), 'no such file or folder'],
    [pathOf('folder/../fifo/x'), 'not a folder'],
  ] as const;
  for (const [path, text] of cases) {
    await expect(sourceDisk.open(path, 0)).rejects.toMatchObject({
      code: 'local-file',
      message: `${path}: ${text}`,
    });
  }
  await new Promise((resolve) => server.close(resolve));
});

test('a name that is not UTF-8 is said to be so, named itself or below a folder', async () => {
  // As the arguments of a program and the entries of a folder are read.
  const read = 'caf\uFFFD';
  await mkdir(pathOf('folder'));
  await writeFile(Buffer.from(pathOf('folder/caf\u00E9'), 'latin1'), '');
  const problems: string[] = [];
  for (const path of [pathOf(`folder/${read}`), pathOf('folder'), pathOf('nothing')]) {
    const survey = sourceDisk.survey([path]);
    for (let found = await survey.next(); found.length > 0; found = await survey.next()) {
      for (const entry of found)
        if (entry.type === 'failure') problems.push((entry.error as Error).message);
    }
    await survey.close();
  }
  const unnameable = `${pathOf(`folder/${read}`)}: a name that is not UTF-8 cannot be sent: rename it`;
  const nothing = `${pathOf('nothing')}: no such file or folder`;
  expect(problems).toEqual([unnameable, unnameable, nothing]);
});
