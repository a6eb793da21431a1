import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { SourceDisk, SourceFile } from '../files/disk.ts';
import { TransferError } from '../files/transfer-error.ts';
import { diskError } from './disk-error.ts';

/** Files of this machine, to be sent. */
export const sourceDisk: SourceDisk = { openSource };

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

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'is a folder';
  if (stats.isFIFO()) return 'is a FIFO';
  if (stats.isSocket()) return 'is a socket';
  return 'is a device';
}

class DiskSource implements SourceFile {
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly mode: number;
  readonly #handle: FileHandle;
  #readBytes = 0;

  constructor(handle: FileHandle, stats: BigIntStats) {
    this.#handle = handle;
    this.sizeBytes = Number(stats.size);
    this.mtimeNs = stats.mtimeNs;
    this.mode = Number(stats.mode) & 0o777;
  }

  async read(target: Uint8Array): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(target, 0, target.length, this.#readBytes);
      this.#readBytes += bytesRead;
      return bytesRead;
    } catch (error) {
      throw diskError('the source cannot be read', error);
    }
  }

  async isUnchanged(): Promise<boolean> {
    try {
      const stats = await this.#handle.stat({ bigint: true });
      return Number(stats.size) === this.sizeBytes && stats.mtimeNs === this.mtimeNs;
    } catch (error) {
      throw diskError('the source cannot be read', error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
