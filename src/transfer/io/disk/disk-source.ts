import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { SourceDisk, SourceFile } from '../../files/disk.ts';
import { TransferError } from '../../files/transfer-error.ts';
import { diskError, systemCodeOf } from './disk-error.ts';
import { DiskSurvey } from './disk-survey.ts';
import { isSameContent } from './source-change.ts';
import type { WholeFile, WholeFiles } from './whole-files.ts';

/**
 * Files of this machine, to be sent.
 *
 * @param wholeFiles looks at many, and reads small ones
 */
export function createSourceDisk(wholeFiles?: WholeFiles): SourceDisk {
  return {
    survey: (paths) => new DiskSurvey(paths, wholeFiles),
    open: (path, sizeBytes) =>
      wholeFiles?.takes(sizeBytes) === true
        ? openWhole(wholeFiles, path, sizeBytes)
        : openSource(path),
  };
}

/** Opens a regular file; a FIFO, device, socket or folder is refused and never waited for. */
async function openSource(path: string): Promise<SourceFile> {
  let handle: FileHandle;
  try {
    // Looked at before it is opened, because opening some devices does something. What takes its
    // place between the two calls is met below; without O_NONBLOCK a FIFO would block a thread.
    refuseUnlessRegular(path, await stat(path, { bigint: true }));
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw diskError(path, error);
  }
  try {
    const stats = await handle.stat({ bigint: true });
    refuseUnlessRegular(path, stats);
    return new DiskSource(handle, stats);
  } catch (error) {
    await handle.close();
    throw diskError(path, error);
  }
}

/** By the ordinary calls alone. */
export const sourceDisk: SourceDisk = createSourceDisk();

async function openWhole(
  wholeFiles: WholeFiles,
  path: string,
  sizeBytes: number,
): Promise<SourceFile> {
  try {
    return new WholeSource(await wholeFiles.read(path, sizeBytes));
  } catch (error) {
    // The ordinary way says best what is wrong with it.
    if (systemCodeOf(error) === 'EINVAL') return openSource(path);
    throw diskError(path, error);
  }
}

function refuseUnlessRegular(path: string, stats: BigIntStats): void {
  if (stats.isFile()) return;
  throw new TransferError('local-file', `${path}: ${kindOf(stats)}, not a regular file`);
}

/** What something that is not sent is, as a clause. */
export function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'is a folder';
  if (stats.isFIFO()) return 'is a FIFO';
  if (stats.isSocket()) return 'is a socket';
  return 'is a device';
}

class DiskSource implements SourceFile {
  readonly sizeBytes: number;
  readonly isSizeKnown = true;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly device: bigint;
  readonly #handle: FileHandle;
  readonly #opened: BigIntStats;
  readonly #reads: Set<Promise<unknown>> = new Set();

  constructor(handle: FileHandle, stats: BigIntStats) {
    this.#handle = handle;
    this.#opened = stats;
    this.sizeBytes = Number(stats.size);
    this.mtimeNs = stats.mtimeNs;
    this.ctimeNs = stats.ctimeNs;
    this.inode = stats.ino;
    this.device = stats.dev;
  }

  async read(target: Uint8Array, positionBytes: number): Promise<number> {
    const read = this.#handle.read(target, 0, target.length, positionBytes);
    this.#reads.add(read);
    try {
      return (await read).bytesRead;
    } catch (error) {
      throw diskError('the source cannot be read', error);
    } finally {
      this.#reads.delete(read);
    }
  }

  async isUnchanged(): Promise<boolean> {
    try {
      return isSameContent(this.#opened, await this.#handle.stat({ bigint: true }));
    } catch (error) {
      throw diskError('the source cannot be read', error);
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#reads);
    await this.#handle.close();
  }
}

/** A small file that was read at once, and looked at again behind that. */
class WholeSource implements SourceFile {
  readonly isSizeKnown = true;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly device: bigint;
  readonly #content: Uint8Array;
  readonly #isUnchanged: boolean;

  constructor({ stats, content, isUnchanged }: WholeFile) {
    this.sizeBytes = Number(stats.size);
    this.mtimeNs = stats.mtimeNs;
    this.ctimeNs = stats.ctimeNs;
    this.inode = stats.ino;
    this.device = stats.dev;
    this.#content = content;
    this.#isUnchanged = isUnchanged;
  }

  read(target: Uint8Array, positionBytes: number): Promise<number> {
    const part = this.#content.subarray(positionBytes, positionBytes + target.length);
    target.set(part);
    return Promise.resolve(part.length);
  }

  isUnchanged(): Promise<boolean> {
    return Promise.resolve(this.#isUnchanged);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
