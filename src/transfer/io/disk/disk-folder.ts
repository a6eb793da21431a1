import { constants } from 'node:fs';
import { join } from 'node:path';
import type {
  ClaimedFolder,
  ConflictPolicy,
  Found,
  PartialFile,
  StoredFile,
} from '../../files/disk.ts';
import { unusedName } from '../../files/stored-name.ts';
import { TransferError } from '../../files/transfer-error.ts';
import { DiskChild } from './disk-child.ts';
import { diskError } from './disk-error.ts';
import {
  childStatePathOf,
  isSameSource,
  type PartialState,
  readState,
  removeFile,
  removeState,
  replaceState,
  statePathOf,
} from './disk-state.ts';
import { mergeFolder, pruneFolder, removeFolder } from './disk-tree.ts';
import {
  exists,
  type InboxContext,
  isOurs,
  isSameTime,
  MAX_NAME_ATTEMPTS,
  renameWhereFree,
  statsOf,
  syncFolder,
} from './inbox-context.ts';
import { type Leaving, removeRecord } from './partial-index.ts';

export interface DiskFolderParts extends Leaving {
  readonly context: InboxContext;
  readonly partPath: string;
  readonly state: PartialState;
  readonly wantedName: string;
  readonly attempt: number;
  readonly conflict: ConflictPolicy;
  /** An earlier transfer left something in it. */
  readonly isResumed: boolean;
  /** It has its name already: its sender could not hear of it. */
  readonly isPublished: boolean;
}

/**
 * A folder that is being received: `NAME.part` is a folder of its files, which gets its name in one
 * rename when all of them are durable. Where a folder of that name is to be filled (`overwrite`,
 * `skip`) its files are moved there instead.
 */
export class DiskFolder implements ClaimedFolder {
  readonly #parts: DiskFolderParts;
  readonly #context: InboxContext;
  readonly #root: string;
  readonly #statePath: string;
  /** What this transfer has stored or found; the rest of an older one is removed at the end. */
  readonly #stored: Set<string> | undefined;
  /** Files that are not whole, or of which something may be left. */
  readonly #unfinished: Set<string> = new Set();
  /** Inodes of what an earlier transfer left here, and of which entry that is. */
  readonly #foundAs: Map<bigint, string> = new Map();
  /** Inodes of the folders that this transfer has made, or found, where there may be others. */
  readonly #made: Set<bigint> = new Set();
  #hasOpened = false;
  /** Something may be in it that nobody knows of: it gets its name in a later transfer, which looks. */
  #isInDoubt = false;
  /** Once it has its name. */
  #path: string | undefined;
  /** Folders whose modes and times are given to those that are filled. */
  readonly #attributes: StoredFile[] = [];
  #isEmpty: boolean;
  /** Its files went into a folder that was there: what is sent again does so too. */
  #isMerged = false;
  #partInode: bigint;

  constructor(parts: DiskFolderParts) {
    this.#parts = parts;
    this.#context = parts.context;
    this.#root = parts.isPublished
      ? join(parts.context.folder, parts.state.storedName)
      : parts.partPath;
    this.#statePath = statePathOf(parts.partPath);
    this.#stored = parts.isResumed && !parts.isPublished ? new Set() : undefined;
    this.#isEmpty = !parts.isResumed;
    this.#partInode = parts.state.partInode;
  }

  async makeFolder(storedPath: string): Promise<void> {
    const { files } = this.#context;
    const path = join(this.#root, storedPath);
    try {
      const stats = await statsOf(files, path);
      if (stats?.isDirectory() === true) {
        // One that was settled may be closed to its owner.
        await this.#withFolder(path, (handle) => handle.chmod(0o700));
      } else {
        // An earlier transfer had a file of this name.
        if (stats !== undefined && this.#isAllOld) await removeFile(files, path);
        await files.mkdir(path, 0o700);
      }
      if (this.#stored === undefined) return;
      this.#stored.add(storedPath);
      this.#made.add((await files.lstat(path, { bigint: true })).ino);
    } catch (error) {
      throw cannotWrite(error);
    }
  }

  /** No file in it is of this transfer. */
  get #isAllOld(): boolean {
    return this.#stored !== undefined && !this.#hasOpened;
  }

  async #isFolder(path: string): Promise<boolean> {
    return (await statsOf(this.#context.files, path))?.isDirectory() === true;
  }

  async find(file: StoredFile): Promise<Found> {
    const { conflict, isResumed, state, isPublished } = this.#parts;
    this.#context.wholeFiles?.expect(file.entry.sizeBytes);
    if (conflict === 'skip' && !isPublished) {
      const final = join(this.#context.folder, state.storedName, file.storedPath);
      if (await exists(this.#context.files, final)) return { refusal: 'exists' };
    }
    if (!isResumed) return { startBytes: 0 };
    try {
      const startBytes = await this.#findResumed(file);
      if (startBytes > 0) this.#stored?.add(file.storedPath);
      return { startBytes };
    } catch (error) {
      throw cannotWrite(error);
    }
  }

  async #findResumed({ entry, storedPath }: StoredFile): Promise<number> {
    const { files } = this.#context;
    const path = join(this.#root, storedPath);
    const stats = await statsOf(files, path);
    if (stats?.isDirectory() === true && this.#stored !== undefined && !this.#made.has(stats.ino)) {
      // An earlier transfer had a folder of this name.
      await removeFolder(files, path);
    }
    if (stats === undefined || !isOurs(this.#context, stats)) return 0;
    // Where two names are one, what is there is of the file that was asked for first.
    const owner = this.#foundAs.get(stats.ino) ?? entry.name;
    if (owner !== entry.name) return 0;
    this.#foundAs.set(stats.ino, entry.name);
    const isSame = isSameTime(stats.mtimeNs, entry.mtimeNs);
    if (isSame && stats.size === BigInt(entry.sizeBytes) && entry.sizeBytes > 0) {
      return entry.sizeBytes;
    }
    if (this.#parts.isPublished) return 0;
    const childState = childStatePathOf(path);
    const state = await readState(files, childState);
    if (typeof state === 'object' && isSameSource(state, entry)) {
      if (stats.size >= BigInt(state.durableBytes) && state.durableBytes > 0) {
        return state.durableBytes;
      }
    }
    await removeFile(files, path);
    await removeState(files, childState);
    return 0;
  }

  open(file: StoredFile, startBytes: number): PartialFile {
    this.#isEmpty = false;
    this.#hasOpened = true;
    return new DiskChild({
      context: this.#context,
      root: this.#root,
      peer: this.#parts.state.peer,
      file,
      startBytes,
      isPublished: this.#parts.isPublished,
      onCreated: (storedPath) => this.#unfinished.add(storedPath),
      onStored: (storedPath) => {
        this.#unfinished.delete(storedPath);
        this.#stored?.add(storedPath);
      },
      onDiscarded: (storedPath) => {
        this.#unfinished.delete(storedPath);
        this.#stored?.delete(storedPath);
      },
      onDoubt: () => (this.#isInDoubt = true),
    });
  }

  async settle(folders: readonly StoredFile[], onSettled: () => void): Promise<void> {
    const { files } = this.#context;
    try {
      if (this.#isInDoubt) throw new TransferError('internal', 'a small file was not answered for');
      await this.#removeUnfinished();
      // Needed also where a folder to be filled is there only later.
      if (this.#parts.conflict !== 'rename') this.#attributes.push(...folders);
      if (await this.#isMerging()) return;
      if (this.#stored !== undefined) await pruneFolder(files, this.#root, this.#stored);
      await this.#setAttributes(this.#root, folders, onSettled);
    } catch (error) {
      throw cannotWrite(error);
    }
  }

  async publish(isAborted: () => boolean): Promise<string | undefined> {
    const { isPublished } = this.#parts;
    try {
      if (isPublished) {
        // What broke off the transfer that published it may have come before that was durable.
        await syncFolder(this.#context);
        return this.#root;
      }
      // May be called once more when it fails.
      this.#path ??= await this.#publishOnce(isAborted);
      if (this.#path === undefined) return undefined;
      if (this.#isMerged) await this.#setAttributes(this.#path, this.#attributes);
      await syncFolder(this.#context);
      return this.#path;
    } catch (error) {
      throw cannotWrite(error);
    }
  }

  async #publishOnce(isAborted: () => boolean): Promise<string | undefined> {
    const { ino } = await this.#context.files.lstat(this.#root, { bigint: true });
    this.#partInode = ino;
    const state = { ...this.#parts.state, partInode: ino };
    await replaceState(this.#context.files, this.#statePath, state);
    if (isAborted()) return undefined;
    this.#isMerged = await this.#isMerging();
    return this.#isMerged ? this.#merge() : this.#takeName(isAborted);
  }

  told(): void {
    const { partPath, state } = this.#parts;
    this.#parts.onPublished({ ...state, partInode: this.#partInode });
    this.#context.owned.delete(partPath);
  }

  async confirm(isWhole: boolean): Promise<void> {
    if (!isWhole && !this.#isMerged) return;
    const { partPath, state, onGone } = this.#parts;
    onGone();
    await removeRecord(this.#context, partPath, { ...state, partInode: this.#partInode });
  }

  async leave(): Promise<void> {
    const { files } = this.#context;
    const { isPublished, partPath, state } = this.#parts;
    let isLeft = true;
    try {
      if (!isPublished && this.#isEmpty) {
        await removeFolder(files, partPath);
        await removeState(files, this.#statePath);
        isLeft = false;
      } else {
        const left = { ...state, owner: '', partInode: this.#partInode };
        await replaceState(files, this.#statePath, left);
      }
    } finally {
      this.#release(isLeft);
    }
  }

  /** No half file gets its name with the folder. */
  async #removeUnfinished(): Promise<void> {
    const { files } = this.#context;
    for (const storedPath of this.#unfinished) {
      const path = join(this.#root, storedPath);
      await removeFile(files, path);
      await removeState(files, childStatePathOf(path));
      this.#stored?.delete(storedPath);
      this.#unfinished.delete(storedPath);
    }
  }

  /** Another transfer may have its name, or what is left of it. */
  #release(isLeft: boolean): void {
    this.#context.owned.delete(this.#parts.partPath);
    if (isLeft) this.#parts.onLeft();
    else this.#parts.onGone();
  }

  async #isMerging(): Promise<boolean> {
    const { conflict, state, isPublished } = this.#parts;
    if (conflict === 'rename' || isPublished) return false;
    return this.#isFolder(join(this.#context.folder, state.storedName));
  }

  async #merge(): Promise<string> {
    const { conflict, state } = this.#parts;
    const target = join(this.#context.folder, state.storedName);
    if (this.#stored !== undefined) {
      await pruneFolder(this.#context.files, this.#root, this.#stored);
    }
    await mergeFolder(this.#context, this.#root, target, conflict === 'overwrite');
    return target;
  }

  async #takeName(isAborted: () => boolean): Promise<string | undefined> {
    const { wantedName, attempt: firstAttempt, partPath } = this.#parts;
    for (let attempt = firstAttempt; attempt < MAX_NAME_ATTEMPTS; attempt++) {
      if (isAborted()) return undefined;
      const path = join(this.#context.folder, unusedName(wantedName, attempt));
      if (await renameWhereFree(this.#context, partPath, path)) return path;
    }
    throw new TransferError('local-file', 'too many folders of this name');
  }

  /** The last one first: what is inside a folder is done before the folder is closed to its owner. */
  async #setAttributes(
    root: string,
    folders: readonly StoredFile[],
    onSettled: () => void = () => undefined,
  ): Promise<void> {
    for (const { entry, storedPath } of folders.toReversed()) {
      const mtimeSeconds = Number(entry.mtimeNs) / 1e9;
      await this.#withFolder(join(root, storedPath), async (handle) => {
        await handle.chmod(entry.mode & 0o777 & ~this.#context.umask);
        await handle.utimes(mtimeSeconds, mtimeSeconds);
        await handle.sync();
      });
      onSettled();
    }
  }

  async #withFolder(
    path: string,
    act: (handle: Awaited<ReturnType<InboxContext['files']['open']>>) => Promise<void>,
  ): Promise<void> {
    // Windows opens no folders, and has neither their modes nor a need to sync them.
    if (this.#context.platform === 'win32') return;
    const handle = await this.#context.files.open(path, constants.O_RDONLY | FOLDER_FLAGS);
    try {
      await act(handle);
    } finally {
      await handle.close();
    }
  }
}

const FOLDER_FLAGS: number = constants.O_DIRECTORY | constants.O_NOFOLLOW;

function cannotWrite(error: unknown): TransferError {
  return diskError('the inbox cannot be written', error);
}
