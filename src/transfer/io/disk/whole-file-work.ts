import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { systemCodeOf } from './disk-error.ts';
import type { DiskHandle } from './disk-files.ts';
import { NEW_FLAGS } from './disk-state.ts';
import { isSameContent } from './source-change.ts';

/** What of a created file is asked for; a `DiskHandle` is one. */
export type WritableHandle = Pick<DiskHandle, 'write' | 'chmod' | 'utimes' | 'sync' | 'close'>;

/** The calls by which small files are written; `DiskFiles` has them. */
export interface WritingCalls {
  readonly open: (path: string, flags: number, mode: number) => Promise<WritableHandle>;
  readonly unlink: (path: string) => Promise<void>;
}

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
  | { readonly type: 'look'; readonly id: number; readonly paths: readonly string[] }
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
/** `isLeft`: it was created, and could not be removed again. */
export type Written = { readonly id: number } | (FailedFile & { readonly isLeft: boolean });

export type FromWholeFiles =
  /** Said first: from now on nothing that is asked waits for the thread to start. */
  | { readonly type: 'ready' }
  /** Of each path `LOOKED_FIELDS` numbers; all 0 of one that could not be looked at. */
  | { readonly type: 'looked'; readonly id: number; readonly fields: BigInt64Array }
  | { readonly type: 'read'; readonly results: readonly Read[]; readonly content: Uint8Array }
  | { readonly type: 'written'; readonly results: readonly Written[] };

/** Mode, size, mtime, ctime, inode and device; links are not followed. */
export const LOOKED_FIELDS = 6;

/** Looks at files one after the other. */
export function lookAtBatch(paths: readonly string[]): BigInt64Array<ArrayBuffer> {
  const fields = new BigInt64Array(LOOKED_FIELDS * paths.length);
  for (const [index, path] of paths.entries()) {
    try {
      const { mode, size, mtimeNs, ctimeNs, ino, dev } = lstatSync(path, { bigint: true });
      fields.set([mode, size, mtimeNs, ctimeNs, ino, dev], LOOKED_FIELDS * index);
    } catch {
      // Whoever asked looks once more, and hears why.
    }
  }
  return fields;
}

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

/** Creates a file where none is, with its content, mode and time, and makes all that durable. */
export async function writeWhole(
  calls: WritingCalls,
  { id, path, mode, mtimeSeconds }: ToWrite,
  content: Uint8Array,
): Promise<Written> {
  let handle: WritableHandle;
  try {
    handle = await calls.open(path, NEW_FLAGS, 0o600);
  } catch (error) {
    return { id, systemCode: systemCodeOf(error), isLeft: false };
  }
  try {
    let from = 0;
    while (from < content.length) {
      const { bytesWritten } = await handle.write(content, from, content.length - from, from);
      from += bytesWritten;
    }
    await handle.chmod(mode);
    await handle.utimes(mtimeSeconds, mtimeSeconds);
    await handle.sync();
  } catch (error) {
    const isLeft = await calls.unlink(path).then(
      () => false,
      () => true,
    );
    // Its first error is told.
    await handle.close().catch(() => undefined);
    return { id, systemCode: systemCodeOf(error), isLeft };
  }
  try {
    await handle.close();
  } catch (error) {
    return { id, systemCode: systemCodeOf(error), isLeft: true };
  }
  return { id };
}

/** What the thread of small files does with what it is asked; answers of one turn go back together. */
export class WholeFileWork {
  readonly #calls: WritingCalls;
  readonly #say: (message: FromWholeFiles, transferred: ArrayBuffer[]) => void;
  #written: Written[] = [];

  constructor(
    calls: WritingCalls,
    say: (message: FromWholeFiles, transferred: ArrayBuffer[]) => void,
  ) {
    this.#calls = calls;
    this.#say = say;
  }

  handle(message: ToWholeFiles): void {
    if (message.type === 'look') {
      const fields = lookAtBatch(message.paths);
      this.#say({ type: 'looked', id: message.id, fields }, [fields.buffer]);
      return;
    }
    if (message.type === 'read') {
      const answer = readBatch(message);
      this.#say(answer, [answer.content.buffer as ArrayBuffer]);
      return;
    }
    let from = 0;
    for (const file of message.files) {
      const content = message.content.subarray(from, (from += file.sizeBytes));
      void writeWhole(this.#calls, file, content).then(this.#onWritten);
    }
  }

  readonly #onWritten = (result: Written): void => {
    this.#written.push(result);
    if (this.#written.length > 1) return;
    setImmediate(() => {
      this.#say({ type: 'written', results: this.#written }, []);
      this.#written = [];
    });
  };
}
