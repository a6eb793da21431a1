import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appendToTrace, openTraceFile } from '../../../../src/transfer/io/trace/trace-file.ts';
import { temporaryFolder } from '../../../chat/server-fixture.ts';

const OLD_TRACE = '\x1e{"qlog_version":"0.3"}\n';

test('a trace is a new file of mode 0600, and an older trace is replaced by one', () => {
  const path = join(temporaryFolder(), 'trace');
  for (const before of [undefined, OLD_TRACE, '']) {
    if (before !== undefined) {
      writeFileSync(path, before);
      chmodSync(path, 0o644);
    }
    const file = openTraceFile(path);
    expect([fstatSync(file).size, fstatSync(file).mode & 0o777]).toEqual([0, 0o600]);
    appendToTrace(file, 0, 'x');
    closeSync(file);
    expect(readFileSync(path, 'utf8')).toBe('x');
  }
});

test('what is no trace is not touched', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'movie.mp4');
  const link = join(folder, 'link');
  symlinkSync(path, link);
  for (const content of ['a film', OLD_TRACE.slice(1), OLD_TRACE.slice(0, 10)]) {
    writeFileSync(path, content, { mode: 0o644 });
    for (const name of [path, link]) {
      expect(() => openTraceFile(name)).toThrow(
        `the trace ${name} cannot be written: it exists and is no trace: name another file`,
      );
    }
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(statSync(path).mode & 0o777).toBe(0o644);
  }
});

test.each([
  ['a folder', (path: string) => mkdirSync(path, { recursive: true }), 'EISDIR'],
  // Nobody reads from it: this must not wait for somebody.
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path]), 'no regular file'],
])('%s is refused', (_what, make, reason) => {
  const path = join(temporaryFolder(), 'trace');
  make(path);
  expect(() => openTraceFile(path)).toThrow(reason);
});

test('where the disk is full the file ends with the last whole record', () => {
  const path = join(temporaryFolder(), 'trace');
  const file = openTraceFile(path);
  const sizeBytes = appendToTrace(file, 0, 'whole');
  let room = 2;
  const write = (to: number, bytes: Uint8Array): number => {
    if (room === 0) throw new Error('ENOSPC');
    const written = writeSync(to, bytes.subarray(0, room));
    room -= written;
    return written;
  };
  expect(() => appendToTrace(file, sizeBytes, 'more', write)).toThrow('ENOSPC');
  expect(room).toBe(0);
  expect(readFileSync(path, 'utf8')).toBe('whole');
  closeSync(file);
  expect(() => appendToTrace(openTraceFile('/dev/full'), 0, 'x')).toThrow('ENOSPC');
});
