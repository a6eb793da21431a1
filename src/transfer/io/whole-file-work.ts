import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsync,
  futimesSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { systemCodeOf } from './disk-error.ts';
import { NEW_FLAGS } from './disk-state.ts';
import { isSameContent } from './source-change.ts';

/** A file to be read whole. */
export interface ToRead {
  readonly id: number;
  readonly path: string;
  /** As it was found; one that has another size is not read. */
  readonly sizeBytes: number;
}

/** A file to be created and written whole. */
export interface ToWrite {
  readonly id: number;
  readonly path: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly mtimeSeconds: number;
}

export type ToWholeFiles =
  | { readonly type: 'read'; readonly files: readonly ToRead[] }
  /** `content` is of all files, one behind the other. */
  | { readonly type: 'write'; readonly files: readonly ToWrite[]; readonly content: Uint8Array };

/** What was found of a file that was read. */
export interface ReadFile {
  readonly id: number;
  readonly stats: FileDescription;
  /** Content of it in the answer. */
  readonly sizeBytes: number;
  /** It was the same before and after it was read. */
  readonly isUnchanged: boolean;
}

export type FileDescription = Pick<BigIntStats, 'size' | 'mtimeNs' | 'ctimeNs' | 'ino' | 'dev'>;

/** Code of the system's error; `EINVAL` of something that is no regular file. */
export interface FailedFile {
  readonly id: number;
  readonly systemCode: string;
}

export type Read = ReadFile | FailedFile;
export type Written = { readonly id: number } | FailedFile;

export type FromWholeFiles =
  /** Said first: from now on nothing that is asked waits for the thread to start. */
  | { readonly type: 'ready' }
  | { readonly type: 'read'; readonly results: readonly Read[]; readonly content: Uint8Array }
  | { readonly type: 'written'; readonly results: readonly Written[] };

/** Reads files one behind the other; what one of them has not is left out of `content`. */
export function readBatch({
  files,
}: Extract<ToWholeFiles, { readonly type: 'read' }>): Extract<
  FromWholeFiles,
  { readonly type: 'read' }
> {
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const content = new Uint8Array(totalBytes);
  let usedBytes = 0;
  const results = files.map((file): Read => {
    try {
      const read = readWhole(file, content, usedBytes);
      usedBytes += read.sizeBytes;
      return read;
    } catch (error) {
      return { id: file.id, systemCode: systemCodeOf(error) };
    }
  });
  return { type: 'read', results, content };
}

function readWhole({ id, path, sizeBytes }: ToRead, target: Uint8Array, from: number): ReadFile {
  // As `openSource`: opening some devices does something, and a FIFO would block.
  refuseUnlessRegular(statSync(path, { bigint: true }));
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const before = fstatSync(descriptor, { bigint: true });
    refuseUnlessRegular(before);
    const { size, mtimeNs, ctimeNs, ino, dev } = before;
    const stats = { size, mtimeNs, ctimeNs, ino, dev };
    if (size !== BigInt(sizeBytes)) return { id, stats, sizeBytes: 0, isUnchanged: false };
    let length = 0;
    while (length < sizeBytes) {
      const count = readSync(descriptor, target, from + length, sizeBytes - length, length);
      if (count === 0) break;
      length += count;
    }
    const after = fstatSync(descriptor, { bigint: true });
    return { id, stats, sizeBytes: length, isUnchanged: isSameContent(before, after) };
  } finally {
    closeSync(descriptor);
  }
}

function refuseUnlessRegular(stats: BigIntStats): void {
  if (!stats.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'EINVAL' });
}

/**
 * Creates a file where none is, with its content, mode and time, and makes all that durable; nothing of
 * it is left when that fails. All but the sync is done at once: for a small file the way to another
 * thread and back costs more than the call.
 */
export function writeWhole(
  { id, path, mode, mtimeSeconds }: ToWrite,
  content: Uint8Array,
  onDone: (result: Written) => void,
): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, NEW_FLAGS, 0o600);
  } catch (error) {
    onDone({ id, systemCode: systemCodeOf(error) });
    return;
  }
  const fail = (error: unknown): void => {
    closeAndRemove(descriptor, path);
    onDone({ id, systemCode: systemCodeOf(error) });
  };
  try {
    let from = 0;
    while (from < content.length) {
      from += writeSync(descriptor, content, from, content.length - from, from);
    }
    fchmodSync(descriptor, mode);
    futimesSync(descriptor, mtimeSeconds, mtimeSeconds);
  } catch (error) {
    fail(error);
    return;
  }
  fsync(descriptor, (error) => {
    if (error !== null) {
      fail(error);
      return;
    }
    try {
      closeSync(descriptor);
    } catch (closeError) {
      onDone({ id, systemCode: systemCodeOf(closeError) });
      return;
    }
    onDone({ id });
  });
}

function closeAndRemove(descriptor: number, path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Its transfer fails with the first error.
  }
  try {
    closeSync(descriptor);
  } catch {
    // As above.
  }
}
