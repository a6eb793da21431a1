import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inbox, PartialFile, PartialRequest } from '../files/disk.ts';
import { type NamePlatform, partNameOf, unusedName } from '../files/stored-name.ts';
import { TransferError } from '../files/transfer-error.ts';
import { diskError, systemCodeOf } from './disk-error.ts';
import { type DiskFiles, diskFiles } from './disk-files.ts';
import { DiskPartial } from './disk-partial.ts';

/** Names tried for one file, `NAME` and `NAME (1)` up to this, before it is refused. */
export const MAX_NAME_ATTEMPTS = 10_000;

export interface DiskInboxOptions {
  /** An existing folder. */
  readonly folder: string;
  readonly platform: NamePlatform;
  /** Permission bits that files do not get. */
  readonly umask: number;
  readonly files?: DiskFiles;
}

/** What the partials of one inbox share. */
export interface InboxContext {
  readonly folder: string;
  readonly platform: NamePlatform;
  readonly umask: number;
  readonly files: DiskFiles;
  /** Bytes that running receives were promised and have not written. */
  promisedBytes: number;
  /** One publication without links at a time: between look and rename nobody of ours takes a name. */
  renaming: Promise<unknown>;
}

/**
 * A folder where received files appear whole.
 *
 * A file owns one name from its acceptance on: `NAME.part` is created exclusively (and no link is
 * followed), where neither it nor `NAME` exists. A partial left by an earlier, failed transfer is
 * never touched: the next file of that name becomes `NAME (1)`, so that its own partial, should it
 * fail too, lies beside the first and name and partial always belong together.
 */
export class DiskInbox implements Inbox {
  readonly #context: InboxContext;

  constructor(options: DiskInboxOptions) {
    const { folder, platform, umask, files = diskFiles } = options;
    const renaming = Promise.resolve();
    this.#context = { folder, platform, umask, files, promisedBytes: 0, renaming };
  }

  async create(request: PartialRequest): Promise<PartialFile> {
    const context = this.#context;
    try {
      await this.#promiseRoom(request);
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
    try {
      const { handle, partPath, attempt } = await this.#openPart(request.storedName);
      return new DiskPartial({ context, handle, partPath, request, attempt });
    } catch (error) {
      context.promisedBytes -= request.sizeBytes;
      throw diskError('the inbox cannot be written', error);
    }
  }

  /** Counts what other receives were promised as gone, so that no room is promised twice. */
  async #promiseRoom({ sizeBytes, keptFreeShare }: PartialRequest): Promise<void> {
    const { bsize, blocks, bavail } = await this.#context.files.statfs(this.#context.folder);
    const keptBytes = blocks * bsize * keptFreeShare;
    const roomBytes = Math.floor(bavail * bsize - keptBytes - this.#context.promisedBytes);
    if (sizeBytes > roomBytes && sizeBytes > 0) {
      const reason = `no space: ${sizeBytes} bytes offered, room for ${Math.max(0, roomBytes)}`;
      throw new TransferError('no-space', reason);
    }
    this.#context.promisedBytes += sizeBytes;
  }

  async #openPart(
    storedName: string,
  ): Promise<{ handle: FileHandle; partPath: string; attempt: number }> {
    const { folder, files } = this.#context;
    for (let attempt = 0; attempt < MAX_NAME_ATTEMPTS; attempt++) {
      const name = unusedName(storedName, attempt);
      if (await exists(files, join(folder, name))) continue;
      const partPath = join(folder, partNameOf(name));
      try {
        const handle = await files.open(partPath, PART_FLAGS, 0o600);
        return { handle, partPath, attempt };
      } catch (error) {
        if (systemCodeOf(error) !== 'EEXIST') throw error;
      }
    }
    throw new TransferError('local-file', 'too many files of this name');
  }
}

/** Whether anything has this name, a broken symbolic link included. */
export async function exists(files: DiskFiles, path: string): Promise<boolean> {
  try {
    await files.lstat(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** O_EXCL refuses a symbolic link in the way, also a broken one; O_NOFOLLOW says it once more. */
const PART_FLAGS: number =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
