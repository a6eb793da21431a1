import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { SourceDisk, SourceFile } from '../files/disk.ts';
import { TransferError } from '../files/transfer-error.ts';
import { diskError } from './disk-error.ts';
import { DiskSurvey } from './disk-survey.ts';

/** Files of this machine, to be sent. */
export const sourceDisk: SourceDisk = {
  survey: (paths) => new DiskSurvey(paths),
  open: openSource,
};

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

/**
 * As far as its description tells. Its `ctime` alone gives away somebody who changes a file in place
 * and sets its time back; but it also moves when the file gets or loses a name, an owner or a mode, and
 * none of these is a reason to send it again.
 */
function isSameContent(then: BigIntStats, now: BigIntStats): boolean {
  if (now.size !== then.size || now.mtimeNs !== then.mtimeNs) return false;
  if (now.ctimeNs === then.ctimeNs) return true;
  return (
    now.nlink !== then.nlink ||
    now.mode !== then.mode ||
    now.uid !== then.uid ||
    now.gid !== then.gid
  );
}
