import { basename, dirname, join } from 'node:path';
import { constants } from 'node:fs';
import type { PartialFile, PublishRequest, StoredFile } from '../../files/disk.ts';
import { partNameOf, unusedName } from '../../files/stored-name.ts';
import { TransferError } from '../../files/transfer-error.ts';
import { DiskContent } from './disk-content.ts';
import { diskError, systemCodeOf } from './disk-error.ts';
import type { DiskHandle } from './disk-files.ts';
import {
  childStatePathOf,
  NEW_FLAGS,
  newState,
  NO_FOLLOW,
  removeFile,
  removeState,
  replaceState,
} from './disk-state.ts';
import {
  type InboxContext,
  isOurs,
  MAX_NAME_ATTEMPTS,
  moveWithoutClobber,
  statsOf,
} from './inbox-context.ts';
import type { ToWrite } from './whole-file-work.ts';
import { WholeFileError } from './whole-files.ts';

export interface DiskChildParts {
  readonly context: InboxContext;
  /** The folder that is being received, under the name that it has now. */
  readonly root: string;
  readonly peer: string;
  readonly file: StoredFile;
  readonly startBytes: number;
  /**
   * The folder has its name, and its files may be somebody's by now: none is changed, and what comes
   * instead of one is a partial until it is whole.
   */
  readonly isPublished: boolean;
  /** Told the path below `root` under which it is being stored, … */
  readonly onCreated: (storedPath: string) => void;
  /** … under which it was stored, … */
  readonly onStored: (storedPath: string) => void;
  /** … or that nothing of it is there any more. */
  readonly onDiscarded: (storedPath: string) => void;
  /** Nobody knows what is there of it. */
  readonly onDoubt: () => void;
}

/**
 * A file inside a folder that is being received. The folder has no final name yet, so the file has its
 * own from the beginning; what it lacks is told by its size and time, and by the state beside it once
 * it is large. Opened with its first content: a file that is empty or small is one turn of the disk.
 */
export class DiskChild implements PartialFile {
  readonly startBytes: number;
  readonly #parts: DiskChildParts;
  #path: string;
  #content: DiskContent | undefined;
  /** Content comes while what is there is read for its hash: both wait for one opening. */
  #opening: Promise<DiskContent> | undefined;
  #hasState: boolean;
  /** A file that was published by an earlier transfer, and that is only compared. */
  #isFound: boolean;
  /** It is a partial in a folder that has its name. */
  #isBeside = false;
  /** Content of a small file; undefined when it is written as it comes. */
  #held: Uint8Array | undefined;
  /** A try to write what is held has left something under its name. */
  #isLeft = false;

  constructor(parts: DiskChildParts) {
    this.#parts = parts;
    this.startBytes = parts.startBytes;
    this.#path = join(parts.root, parts.file.storedPath);
    this.#hasState = parts.startBytes > 0;
    this.#isFound = parts.isPublished && parts.startBytes > 0;
    const isWhole = parts.startBytes === 0 && !parts.isPublished;
    if (isWhole && parts.context.wholeFiles?.takes(parts.file.entry.sizeBytes) === true) {
      this.#held = NOTHING;
    }
  }

  get writtenBytes(): number {
    return this.#content?.writtenBytes ?? this.#held?.length ?? this.startBytes;
  }

  async append(segment: Uint8Array): Promise<void> {
    if (this.#held !== undefined) {
      this.#held = this.#held.length === 0 ? segment : Buffer.concat([this.#held, segment]);
      return;
    }
    await (await this.#open()).append(segment);
  }

  async read(target: Uint8Array, positionBytes: number): Promise<number> {
    return (await this.#open()).read(target, positionBytes);
  }

  async restart(): Promise<void> {
    if (this.#held !== undefined) {
      this.#held = NOTHING;
      return;
    }
    try {
      const content = await this.#open();
      if (!this.#isFound) {
        await content.restart();
        return;
      }
      await content.close();
      this.#content = this.#contentOf(await this.#create(), 0);
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
  }

  async publish(request: PublishRequest): Promise<string | undefined> {
    const { mtimeNs, mode, isAborted } = request;
    const { context, onStored } = this.#parts;
    if (this.#held !== undefined) return this.#writeHeld(this.#held, request);
    const content = await this.#open();
    try {
      // May be called once more when it fails: all of it can be done twice.
      await content.finish(mode & 0o777 & ~context.umask, mtimeNs);
      if (isAborted()) return undefined;
      if (this.#hasState) await removeState(context.files, this.#statePath);
      if (this.#isBeside) await this.#takeName();
      await content.close();
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
    onStored(this.#storedPath);
    return this.#path;
  }

  async #writeHeld(content: Uint8Array, request: PublishRequest): Promise<string | undefined> {
    const { context, onStored } = this.#parts;
    if (request.isAborted()) return undefined;
    const mode = request.mode & 0o777 & ~context.umask;
    const mtimeSeconds = Number(request.mtimeNs) / 1e9;
    try {
      if (this.#isLeft) await removeFile(context.files, this.#path);
      this.#isLeft = false;
      await this.#takeFreeName((path) => this.#write({ path, mode, mtimeSeconds }, content));
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
    onStored(this.#storedPath);
    return request.isAborted() ? undefined : this.#path;
  }

  async #write(file: Omit<ToWrite, 'id' | 'sizeBytes'>, content: Uint8Array): Promise<void> {
    const { context, onCreated, onDoubt } = this.#parts;
    try {
      await context.wholeFiles!.write(file, content);
    } catch (error) {
      if (!(error instanceof WholeFileError)) onDoubt();
      else if (error.isLeft) {
        this.#path = file.path;
        this.#isLeft = true;
        onCreated(this.#storedPath);
      }
      throw error;
    }
  }

  async keep(): Promise<void> {
    const content = await this.#opened();
    if (this.#isBeside) {
      await this.discard();
      return;
    }
    try {
      await content?.save();
    } finally {
      await content?.close();
    }
  }

  async discard(): Promise<void> {
    const { files } = this.#parts.context;
    const content = await this.#opened();
    // A state that is being written would be there again after its removal.
    await content?.settle();
    try {
      if (this.#isFound || (content === undefined && this.startBytes === 0)) return;
      await removeFile(files, this.#path);
      if (this.#hasState) await removeState(files, this.#statePath);
      this.#parts.onDiscarded(this.#storedPath);
    } finally {
      await content?.close();
    }
  }

  /** Below the folder that is being received. */
  get #storedPath(): string {
    return this.#path.slice(this.#parts.root.length + 1);
  }

  get #statePath(): string {
    return childStatePathOf(this.#path);
  }

  get #name(): string {
    return basename(this.#path);
  }

  /** What was opened, or is being opened. */
  async #opened(): Promise<DiskContent | undefined> {
    await this.#opening?.catch(() => undefined);
    return this.#content;
  }

  async #open(): Promise<DiskContent> {
    if (this.#content !== undefined) return this.#content;
    this.#opening ??= this.#openNow().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #openNow(): Promise<DiskContent> {
    const { startBytes } = this.#parts;
    let handle: DiskHandle;
    try {
      if (startBytes === 0) this.#isFound = await this.#isEmptyFilePublished();
      handle = startBytes > 0 || this.#isFound ? await this.#reopen() : await this.#create();
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
    this.#content = this.#contentOf(handle, startBytes);
    return this.#content;
  }

  #contentOf(handle: DiskHandle, startBytes: number): DiskContent {
    const { nowMs } = this.#parts.context;
    const onDurable = (durableBytes: number): Promise<void> => this.#saveState(durableBytes);
    return new DiskContent({ handle, startBytes, onDurable, nowMs });
  }

  /** There is nothing to compare in it. */
  async #isEmptyFilePublished(): Promise<boolean> {
    const { isPublished, context, file } = this.#parts;
    if (!isPublished || file.entry.sizeBytes > 0) return false;
    const stats = await statsOf(context.files, this.#path);
    return stats !== undefined && isOurs(context, stats) && stats.size === 0n;
  }

  async #reopen(): Promise<DiskHandle> {
    if (!this.#isFound) this.#parts.onCreated(this.#storedPath);
    const access = this.#isFound ? constants.O_RDONLY : constants.O_RDWR;
    const handle = await this.#parts.context.files.open(this.#path, access | NO_FOLLOW);
    try {
      if (!this.#isFound) await handle.truncate(this.startBytes);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return handle;
  }

  #create(): Promise<DiskHandle> {
    const { context, isPublished } = this.#parts;
    this.#isBeside = isPublished;
    return this.#takeFreeName((path) => context.files.open(path, NEW_FLAGS, 0o600));
  }

  /** Whole now, a partial beside published files gets the first free name. */
  async #takeName(): Promise<void> {
    const { context, file, onDiscarded } = this.#parts;
    const partPath = this.#path;
    for (let attempt = 0; attempt < MAX_NAME_ATTEMPTS; attempt++) {
      const name = unusedName(basename(file.storedPath), attempt);
      const path = join(dirname(partPath), name);
      if (!(await moveWithoutClobber(context, partPath, path))) continue;
      onDiscarded(this.#storedPath);
      this.#path = path;
      this.#isBeside = false;
      return;
    }
    throw new TransferError('local-file', 'too many files of this name');
  }

  /** The name may be taken where names that differ in case only are the same. */
  async #takeFreeName<Created>(create: (path: string) => Promise<Created>): Promise<Created> {
    const folder = dirname(this.#path);
    const name = this.#name;
    for (let attempt = 0; attempt < MAX_NAME_ATTEMPTS; attempt++) {
      const free = unusedName(name, attempt);
      const path = join(folder, this.#isBeside ? partNameOf(free) : free);
      try {
        const created = await create(path);
        this.#path = path;
        this.#isFound = false;
        this.#parts.onCreated(this.#storedPath);
        return created;
      } catch (error) {
        if (systemCodeOf(error) !== 'EEXIST') throw error;
      }
    }
    throw new TransferError('local-file', 'too many files of this name');
  }

  async #saveState(durableBytes: number): Promise<void> {
    const { context, peer, file } = this.#parts;
    // Nobody goes on with it.
    if (this.#isBeside) return;
    this.#hasState = true;
    const state = { ...newState(peer, file.entry, this.#name), durableBytes };
    await replaceState(context.files, this.#statePath, state);
  }
}

const NOTHING = new Uint8Array(0);
