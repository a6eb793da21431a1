import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import {
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { promptFiles } from '../../../../src/transfer/io/disk/prompt-files.ts';
import {
  type FromWholeFiles,
  lookAtBatch,
  LOOKED_FIELDS,
  readBatch,
  type ToWholeFiles,
  type ToWrite,
  writeWhole,
  type WritingCalls,
  type Written,
} from '../../../../src/transfer/io/disk/whole-file-work.ts';
import {
  FILES_BEFORE_THREAD,
  MAX_WHOLE_BYTES,
  WholeFileError,
  type WholeFileThread,
  WholeFiles,
} from '../../../../src/transfer/io/disk/whole-files.ts';
import { useTemporaryFolder } from './disk-folder.ts';

const folder = useTemporaryFolder();
const pathOf = (name: string): string => join(folder.path, name);

function write(
  file: Partial<ToWrite>,
  content: Uint8Array,
  calls: WritingCalls = promptFiles,
): Promise<Written> {
  const asked = { id: 7, path: pathOf('a'), sizeBytes: content.length, mode: 0o640 };
  return writeWhole(calls, { ...asked, mtimeSeconds: 1_600_000_000.5, ...file }, content);
}

test('a file is written whole, with its mode and time', async () => {
  expect(await write({}, Buffer.from('content'))).toEqual({ id: 7 });
  expect(readFileSync(pathOf('a'), 'utf8')).toBe('content');
  const { mode, mtimeMs } = statSync(pathOf('a'));
  expect([mode & 0o777, mtimeMs]).toEqual([0o640, 1_600_000_000_500]);
});

test('a name that exists is not written to', async () => {
  writeFileSync(pathOf('a'), 'old');
  expect(await write({}, Buffer.from('new'))).toEqual({
    ...{ id: 7, systemCode: 'EEXIST', isLeft: false },
  });
  expect(readFileSync(pathOf('a'), 'utf8')).toBe('old');
});

test('a file that cannot be given its time is not left behind', async () => {
  const result = await write({ mtimeSeconds: NaN }, Buffer.from('content'));
  expect(result).toMatchObject({ isLeft: false });
  expect(result).toHaveProperty('systemCode');
  expect(readdirSync(folder.path)).toEqual([]);
});

test('a file that can neither be finished nor removed is said to be left', async () => {
  const calls: WritingCalls = { open, unlink: () => Promise.reject(new Error('read-only')) };
  const result = await write({ mtimeSeconds: NaN }, Buffer.from('content'), calls);
  expect(result).toMatchObject({ isLeft: true });
  expect(readdirSync(folder.path)).toEqual(['a']);
});

test('what is looked at in one go is what the ordinary call says of it, and a link is a link', () => {
  writeFileSync(pathOf('a'), 'first');
  symlinkSync(pathOf('a'), pathOf('link'));
  const paths = ['a', 'missing', 'link', '.'].map(pathOf);
  const fields = lookAtBatch(paths);
  for (const [index, path] of paths.entries()) {
    const looked = [...fields.subarray(LOOKED_FIELDS * index, LOOKED_FIELDS * (index + 1))];
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    const { mode, size, mtimeNs, ctimeNs, ino, dev } = stats ?? NO_STATS;
    expect(looked).toEqual([mode, size, mtimeNs, ctimeNs, ino, dev]);
  }
});

const NO_STATS = { mode: 0n, size: 0n, mtimeNs: 0n, ctimeNs: 0n, ino: 0n, dev: 0n };

test('files are read one behind the other, and those that cannot be are named', () => {
  writeFileSync(pathOf('a'), 'first');
  writeFileSync(pathOf('b'), 'grown meanwhile');
  writeFileSync(pathOf('c'), 'third');
  execFileSync('mkfifo', [pathOf('fifo')]);
  const names = ['a', 'b', 'missing', 'fifo', 'c'];
  const files = names.map((name, id) => ({ id, path: pathOf(name), sizeBytes: 5 }));
  const { results, content } = readBatch({ type: 'read', files });
  expect(results).toMatchObject([
    { sizeBytes: 5, isUnchanged: true },
    { sizeBytes: 0, isUnchanged: false, stats: { size: 15n } },
    { systemCode: 'ENOENT' },
    { systemCode: 'EINVAL' },
    { sizeBytes: 5, isUnchanged: true },
  ]);
  expect(Buffer.from(content.subarray(0, 10)).toString()).toBe('firstthird');
});

/** A thread in this one: `answer` lets it say what it has done. */
class FakeThread implements WholeFileThread {
  readonly asked: ToWholeFiles[] = [];
  isTerminated = false;
  say: (message: FromWholeFiles) => void = () => undefined;
  end: () => void = () => undefined;

  post(message: ToWholeFiles): void {
    this.asked.push(message);
  }

  listen(
    onMessage: (message: FromWholeFiles) => void,
    onEnd: (error: Error | undefined) => void,
  ): void {
    this.say = onMessage;
    this.end = () => {
      onEnd(undefined);
    };
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

function startedFiles(): { readonly files: WholeFiles; readonly thread: FakeThread } {
  const thread = new FakeThread();
  const files = new WholeFiles(() => thread);
  for (let count = 0; count <= FILES_BEFORE_THREAD; count++) files.expect(1);
  return { files, thread };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a thread is started when so many small files are expected, and takes them once it is there', () => {
  let startCount = 0;
  const thread = new FakeThread();
  const files = new WholeFiles(() => {
    startCount++;
    return thread;
  });
  for (let count = 0; count < FILES_BEFORE_THREAD; count++) files.expect(1);
  files.expect(MAX_WHOLE_BYTES + 1);
  expect(startCount).toBe(0);
  files.expect(1);
  files.expect(1);
  expect(files.takes(1)).toBe(false);
  expect(startCount).toBe(1);
  thread.say({ type: 'ready' });
  expect(files.takes(MAX_WHOLE_BYTES)).toBe(true);
  expect(files.takes(MAX_WHOLE_BYTES + 1)).toBe(false);
});

test('what is asked in one turn goes over in one message of each kind', async () => {
  const { files, thread } = startedFiles();
  const written = ['a', 'b'].map((path) =>
    files.write({ path, mode: 0o600, mtimeSeconds: 0 }, Buffer.from(path)),
  );
  const read = files.read('c', 3);
  await nextTurn();
  expect(thread.asked).toMatchObject([
    { type: 'read', files: [{ path: 'c' }] },
    {
      type: 'write',
      files: [{ path: 'a' }, { path: 'b' }],
      content: Uint8Array.from(Buffer.from('ab')),
    },
  ]);
  thread.say({
    type: 'written',
    results: [{ id: 2 }, { id: 1, systemCode: 'ENOSPC', isLeft: true }],
  });
  await expect(written[0]).rejects.toEqual(new WholeFileError('ENOSPC', true));
  await written[1];
  const stats = { size: 3n, mtimeNs: 0n, ctimeNs: 0n, ino: 1n, dev: 1n };
  const result = { id: 3, stats, sizeBytes: 3, isUnchanged: true };
  thread.say({ type: 'read', results: [result], content: Buffer.from('abc') });
  expect((await read).content).toEqual(Buffer.from('abc'));
});

test('what was looked at is told with its numbers, and what could not be is not', async () => {
  const { files, thread } = startedFiles();
  const looked = files.look(['a', 'b']);
  await nextTurn();
  expect(thread.asked).toMatchObject([{ type: 'look', paths: ['a', 'b'] }]);
  const fields = BigInt64Array.of(33_188n, 5n, -7n, 8n, -1n, 9n, 0n, 0n, 0n, 0n, 0n, 0n);
  thread.say({ type: 'looked', id: 1, fields });
  expect(await looked).toEqual([
    { mode: 33_188n, size: 5n, mtimeNs: -7n, ctimeNs: 8n, ino: 2n ** 64n - 1n, dev: 9n },
    undefined,
  ]);
});

test('when the thread ends, what it was asked for fails, and nothing more is given to it', async () => {
  const { files, thread } = startedFiles();
  thread.say({ type: 'ready' });
  const read = files.read('c', 3);
  await nextTurn();
  thread.end();
  await expect(read).rejects.toMatchObject({ code: 'internal' });
  expect(files.takes(1)).toBe(false);
  await expect(files.read('d', 3)).rejects.toMatchObject({ code: 'internal' });
  expect(thread.isTerminated).toBe(true);
});
