import { join } from 'node:path';
import type { ClaimedFile, ConflictPolicy, PublishRequest } from '../../files/disk.ts';
import { unusedName } from '../../files/stored-name.ts';
import { TransferError } from '../../files/transfer-error.ts';
import { DiskContent } from './disk-content.ts';
import { diskError } from './disk-error.ts';
import type { DiskHandle } from './disk-files.ts';
import {
  type PartialState,
  removeFile,
  removeState,
  replaceState,
  statePathOf,
} from './disk-state.ts';
import {
  type InboxContext,
  MAX_NAME_ATTEMPTS,
  moveWithoutClobber,
  statsOf,
  syncFolder,
} from './inbox-context.ts';
import { ownSignature } from './partial-owner.ts';
import { type Leaving, removeRecord } from './partial-index.ts';

const REPLACED = 'the inbox cannot be written: another file stands in the place of the partial';

export interface DiskPartialParts extends Leaving {
  readonly context: InboxContext;
  readonly handle: DiskHandle;
  readonly partPath: string;
  readonly partInode: bigint;
  /** As it is noted beside the partial. */
  readonly state: PartialState;
  /** The name from which all that are tried are made, and which of these it has. */
  readonly wantedName: string;
  readonly attempt: number;
  readonly conflict: ConflictPolicy;
}

/**
 * One `NAME.part` in the inbox, with its `NAME.part.state`, from its claim to its name.
 *
 * Publishing, in this order: length, mode and time, fsync of the file (so that they are durable with
 * its content) and of a state that knows its inode, a link under the final name, which fails where that
 * exists, removal of `NAME.part`, fsync of the folder. A crash between any two of them leaves a whole
 * file under the final name or none, and the state by which a repetition is known as such; it goes when
 * the sender has heard, or in time (`MAX_RECORD_AGE_MS`).
 */
export class DiskPartial implements ClaimedFile {
  readonly startBytes: number;
  readonly #parts: DiskPartialParts;
  readonly #context: InboxContext;
  readonly #content: DiskContent;
  readonly #statePath: string;
  #durableBytes: number;
  /** Once it has its name. */
  #path: string | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(parts: DiskPartialParts) {
    this.#parts = parts;
    this.#context = parts.context;
    this.startBytes = parts.state.durableBytes;
    this.#durableBytes = this.startBytes;
    this.#statePath = statePathOf(parts.partPath);
    this.#content = new DiskContent({
      handle: parts.handle,
      startBytes: this.startBytes,
      onDurable: async (durableBytes) => {
        this.#durableBytes = durableBytes;
        await this.#saveState();
        await syncFolder(this.#context);
      },
      nowMs: parts.context.nowMs,
    });
  }

  get writtenBytes(): number {
    return this.#content.writtenBytes;
  }

  append(segment: Uint8Array): Promise<void> {
    return this.#content.append(segment);
  }

  read(target: Uint8Array, positionBytes: number): Promise<number> {
    return this.#content.read(target, positionBytes);
  }

  async restart(): Promise<void> {
    try {
      await this.#content.restart();
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
  }

  async publish({ mtimeNs, mode, isAborted }: PublishRequest): Promise<string | undefined> {
    try {
      // May be called once more when it fails.
      const permissions = mode & 0o777 & ~this.#context.umask;
      // Without its inode in the state a repetition would be taken for another file: no failure.
      const saved = this.#saveState().catch(() => undefined);
      await this.#content.finish(permissions, mtimeNs);
      await saved;
      if (this.#path === undefined && isAborted()) return undefined;
      this.#path ??= await this.#takeName(isAborted);
      if (this.#path === undefined) return undefined;
      await syncFolder(this.#context);
      await this.#close();
      return this.#path;
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
  }

  told(): void {
    const { state, partInode, partPath } = this.#parts;
    this.#parts.onPublished({ ...state, partInode });
    this.#context.owned.delete(partPath);
  }

  async confirm(): Promise<void> {
    const { state, partInode, partPath, onGone } = this.#parts;
    onGone();
    await removeRecord(this.#context, partPath, { ...state, partInode });
  }

  async keep(): Promise<void> {
    try {
      await this.#content.save();
      await this.#saveState('');
    } finally {
      await this.#close();
      this.#release(true);
    }
  }

  async discard(): Promise<void> {
    let isLeft = true;
    // A state that is being written would be there again after its removal.
    await this.#content.settle();
    await this.#saving;
    try {
      // Removed while it is open: after closing, somebody else's file might have the name.
      await removeFile(this.#context.files, this.#parts.partPath);
      await removeState(this.#context.files, this.#statePath);
      isLeft = false;
    } finally {
      await this.#close();
      this.#release(isLeft);
    }
  }

  /** One after the other: each is about as much as is durable when its turn comes. */
  #saveState(owner: string = ownSignature): Promise<void> {
    const { state, partInode } = this.#parts;
    const turn = this.#saving.then(async () => {
      // Of a stream, which is offered with no size, nothing is gone on with.
      const durableBytes = Math.min(this.#durableBytes, state.sizeBytes);
      const saved = { ...state, owner, partInode, durableBytes };
      await replaceState(this.#context.files, this.#statePath, saved);
    });
    this.#saving = turn.catch(() => undefined);
    return turn;
  }

  /** Gives the file the first free name, beginning with the one it has owned so far. */
  async #takeName(isAborted: () => boolean): Promise<string | undefined> {
    const { wantedName, attempt: firstAttempt, conflict, partPath, partInode } = this.#parts;
    const found = await statsOf(this.#context.files, partPath);
    // Whoever else may write in the inbox could have put a link in its place: that is not what came.
    if (found !== undefined && found.ino !== partInode)
      throw new TransferError('local-file', REPLACED);
    for (let attempt = firstAttempt; attempt < MAX_NAME_ATTEMPTS; attempt++) {
      const path = join(this.#context.folder, unusedName(wantedName, attempt));
      if (isAborted()) return undefined;
      if (conflict === 'overwrite' && (await this.#replace(path))) return path;
      if (await moveWithoutClobber(this.#context, partPath, path)) return path;
      if (conflict === 'skip') throw new TransferError('exists', 'the name exists already');
    }
    throw new TransferError('local-file', 'too many files of this name');
  }

  /** False when a folder has that name. */
  async #replace(path: string): Promise<boolean> {
    const stats = await statsOf(this.#context.files, path);
    if (stats?.isDirectory() === true) return false;
    await this.#context.files.rename(this.#parts.partPath, path);
    return true;
  }

  async #close(): Promise<void> {
    await this.#saving;
    await this.#content.close();
  }

  /** Another transfer may have its name, or what is left of it. */
  #release(isLeft: boolean): void {
    this.#context.owned.delete(this.#parts.partPath);
    if (isLeft) this.#parts.onLeft();
    else this.#parts.onGone();
  }
}
