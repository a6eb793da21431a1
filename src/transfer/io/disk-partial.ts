import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartialFile, PartialRequest, PublishRequest } from '../files/disk.ts';
import { unusedName } from '../files/stored-name.ts';
import { TransferError } from '../files/transfer-error.ts';
import { diskError, systemCodeOf } from './disk-error.ts';
import { exists, type InboxContext, MAX_NAME_ATTEMPTS } from './disk-inbox.ts';

export interface DiskPartialParts {
  readonly context: InboxContext;
  readonly handle: FileHandle;
  readonly partPath: string;
  readonly request: PartialRequest;
  /** Which `unusedName` was free when `partPath` was made. */
  readonly attempt: number;
}

/**
 * One `NAME.part`, from its creation to its name.
 *
 * Publishing, in this order: mode and time, fsync of the file (so that they are durable with its
 * content), a link under the final name, which fails where that exists, removal of `NAME.part`, fsync
 * of the folder. A crash between any two of them leaves a whole file under the final name or none.
 */
export class DiskPartial implements PartialFile {
  readonly #context: InboxContext;
  readonly #handle: FileHandle;
  readonly #partPath: string;
  readonly #storedName: string;
  readonly #firstAttempt: number;
  #promisedBytes: number;
  #writtenBytes = 0;

  constructor(parts: DiskPartialParts) {
    this.#context = parts.context;
    this.#handle = parts.handle;
    this.#partPath = parts.partPath;
    this.#storedName = parts.request.storedName;
    this.#firstAttempt = parts.attempt;
    this.#promisedBytes = parts.request.sizeBytes;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  async append(segment: Uint8Array): Promise<void> {
    let from = 0;
    try {
      while (from < segment.length) {
        const left = segment.length - from;
        const { bytesWritten } = await this.#handle.write(segment, from, left, this.#writtenBytes);
        from += bytesWritten;
        this.#writtenBytes += bytesWritten;
        this.#giveBackPromise(bytesWritten);
      }
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
  }

  async publish({ mtimeNs, mode, isAborted }: PublishRequest): Promise<string | undefined> {
    try {
      const mtimeSeconds = Number(mtimeNs) / 1e9;
      await this.#handle.chmod(mode & 0o777 & ~this.#context.umask);
      await this.#handle.utimes(mtimeSeconds, mtimeSeconds);
      await this.#handle.sync();
      if (isAborted()) return undefined;
      const path = await this.#takeName(isAborted);
      if (path === undefined) return undefined;
      await this.#syncFolder();
      await this.#close();
      return path;
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
  }

  async keep(): Promise<void> {
    await this.#close();
  }

  async discard(): Promise<void> {
    // Removed while it is open: after closing, somebody else's file might have the name.
    await this.#removePart();
    await this.#close();
  }

  /** Gives the file the first free name, beginning with the one it has owned so far. */
  async #takeName(isAborted: () => boolean): Promise<string | undefined> {
    const { folder } = this.#context;
    for (let attempt = this.#firstAttempt; attempt < MAX_NAME_ATTEMPTS; attempt++) {
      const path = join(folder, unusedName(this.#storedName, attempt));
      if (isAborted()) return undefined;
      if (await this.#moveTo(path)) return path;
    }
    throw new TransferError('local-file', 'too many files of this name');
  }

  /** False when something has that name; it is left as it is. */
  async #moveTo(path: string): Promise<boolean> {
    try {
      await this.#context.files.link(this.#partPath, path);
    } catch (error) {
      const systemCode = systemCodeOf(error);
      if (systemCode === 'EEXIST') return false;
      if (withoutLinks.has(systemCode)) return this.#renameTo(path);
      throw error;
    }
    await this.#removePart();
    return true;
  }

  /**
   * For file systems that have no links (FAT): looks, then renames. Ours take turns; another program
   * that takes the name between the two calls would lose its file.
   */
  async #renameTo(path: string): Promise<boolean> {
    const { files } = this.#context;
    const turn = this.#context.renaming.then(async () => {
      if (await exists(files, path)) return false;
      await files.rename(this.#partPath, path);
      return true;
    });
    this.#context.renaming = turn.catch(() => undefined);
    return turn;
  }

  async #removePart(): Promise<void> {
    try {
      await this.#context.files.unlink(this.#partPath);
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** Makes the new name durable. Windows opens no folders and needs none of this. */
  async #syncFolder(): Promise<void> {
    if (this.#context.platform === 'win32') return;
    const folder = await this.#context.files.open(this.#context.folder, constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async #close(): Promise<void> {
    this.#giveBackPromise(this.#promisedBytes);
    await this.#handle.close();
  }

  #giveBackPromise(byteCount: number): void {
    const returned = Math.min(byteCount, this.#promisedBytes);
    this.#promisedBytes -= returned;
    this.#context.promisedBytes -= returned;
  }
}

/** What `link` says where the file system has no links. */
const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
