import { constants } from 'node:fs';
import { join } from 'node:path';
import {
  type ClaimedFile,
  type ClaimedFolder,
  type ClaimRequest,
  type Inbox,
  NEVER_FITS,
  type Room,
} from '../../files/disk.ts';
import { type NamePlatform, unusedName } from '../../files/stored-name.ts';
import { TransferError } from '../../files/transfer-error.ts';
import { DiskDelivered } from './disk-delivered.ts';
import { diskError, systemCodeOf } from './disk-error.ts';
import { type DiskFiles, diskFiles, type DiskHandle } from './disk-files.ts';
import { claimFolder } from './disk-folder-claim.ts';
import { DiskPartial } from './disk-partial.ts';
import {
  createState,
  isSameSource,
  NEW_FLAGS,
  newState,
  NO_FOLLOW,
  type PartialState,
  readState,
  removeFile,
  removeState,
  replaceState,
  statePathOf,
} from './disk-state.ts';
import {
  type InboxContext,
  isOurs,
  MAX_NAME_ATTEMPTS,
  statsOf,
  syncFolder,
  withOpen,
} from './inbox-context.ts';
import { mayStillRun, ownedPaths } from './partial-owner.ts';
import type { WholeFiles } from './whole-files.ts';
import {
  isPublished,
  type KnownPartial,
  type Leaving,
  partPathOf,
  PartialIndex,
  removeUseless,
} from './partial-index.ts';

export interface DiskInboxOptions {
  /** An existing folder. */
  readonly folder: string;
  readonly platform: NamePlatform;
  /** Permission bits that files do not get. */
  readonly umask: number;
  readonly files?: DiskFiles;
  /** Writes small files inside folders, in place of `files`. */
  readonly wholeFiles?: WholeFiles;
  readonly nowMs?: () => number;
  /** Default: those of this thread. */
  readonly owned?: Set<string>;
}

/**
 * A folder where received files appear whole.
 *
 * A file owns one name from its claim on: `NAME.part.state` says whose it is, and `NAME.part` is created
 * exclusively (and no link is followed), where neither it nor `NAME` exists. The state is there first
 * and goes last, so a partial of ours is never without one. A partial of another sender, or one that is
 * no plain file of ours, is never touched: the next file of that name becomes `NAME (1)`.
 */
export class DiskInbox implements Inbox {
  readonly #context: InboxContext;
  readonly #index: PartialIndex;
  /** Bytes that running receives were promised and have not written. */
  #promisedBytes = 0;

  constructor(options: DiskInboxOptions) {
    const { folder, platform, umask, files = diskFiles } = options;
    this.#context = {
      folder,
      platform,
      umask,
      uid: process.getuid?.(),
      files,
      wholeFiles: options.wholeFiles,
      nowMs: options.nowMs ?? (() => performance.now()),
      owned: options.owned ?? ownedPaths,
      removing: new Map(),
      renaming: Promise.resolve(),
    };
    this.#index = new PartialIndex(this.#context);
  }

  /** Tidies what earlier runs left; done before the first claim in any case. */
  async tidy(): Promise<void> {
    await this.#index.read();
  }

  async settled(): Promise<void> {
    await Promise.all(this.#context.removing.values());
  }

  async reserve(byteCount: number, keptFreeShare: number): Promise<Room> {
    let leftBytes = 0;
    const spend = (spentBytes: number): void => {
      const returned = Math.min(spentBytes, leftBytes);
      leftBytes -= returned;
      this.#promisedBytes -= returned;
    };
    const grow = async (moreBytes: number): Promise<void> => {
      await this.#promise(moreBytes, keptFreeShare);
      leftBytes += moreBytes;
    };
    await grow(byteCount);
    return {
      spend,
      grow,
      release: () => {
        spend(leftBytes);
      },
    };
  }

  /** Counts what other receives were promised as gone, so that no room is promised twice. */
  async #promise(byteCount: number, keptFreeShare: number): Promise<void> {
    let roomBytes: number;
    let isTooSmall: boolean;
    try {
      const { bsize, blocks, bavail } = await this.#context.files.statfs(this.#context.folder);
      const keptBytes = blocks * bsize * keptFreeShare;
      isTooSmall = byteCount > blocks * bsize - keptBytes;
      roomBytes = Math.floor(bavail * bsize - keptBytes - this.#promisedBytes);
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
    if (byteCount > roomBytes && byteCount > 0) {
      const reason = `no space: ${byteCount} bytes offered, room for ${Math.max(0, roomBytes)}`;
      const options = isTooSmall ? { cause: NEVER_FITS } : {};
      throw new TransferError('no-space', reason, options);
    }
    this.#promisedBytes += byteCount;
  }

  async claimFile(request: ClaimRequest): Promise<ClaimedFile> {
    try {
      for (const known of await this.#index.find(request.peer, request.entry.name)) {
        if (known.state.kind !== 'file') continue;
        const claimed = await this.#whileOwned(known.partPath, () => this.#goOn(request, known));
        if (claimed !== undefined) return claimed;
      }
      return await this.#claimNew(request);
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
  }

  async claimFolder(request: ClaimRequest): Promise<ClaimedFolder> {
    try {
      return await claimFolder(this.#context, this.#index, request);
    } catch (error) {
      throw diskError('the inbox cannot be written', error);
    }
  }

  /** Undefined when another transfer owns it, or `claim` gives nothing; it is free then as before. */
  async #whileOwned<Claimed>(
    partPath: string,
    claim: () => Promise<Claimed | undefined>,
  ): Promise<Claimed | undefined> {
    const { owned, removing } = this.#context;
    await removing.get(partPath);
    if (owned.has(partPath)) return undefined;
    owned.add(partPath);
    let claimed: Claimed | undefined;
    try {
      claimed = await claim();
      return claimed;
    } finally {
      if (claimed === undefined) owned.delete(partPath);
    }
  }

  /** What an earlier transfer of this file left: its published file, or a partial to go on with. */
  async #goOn(request: ClaimRequest, known: KnownPartial): Promise<ClaimedFile | undefined> {
    const { partPath, statePath, state } = known;
    const isSame = isSameSource(state, request.entry);
    const context = this.#context;
    let part = await statsOf(context.files, partPath);
    if (await isPublished(context, state, part)) {
      // A crash between its two names.
      if (part !== undefined) await removeFile(context.files, partPath);
      part = undefined;
      const delivered = isSame ? await this.#deliveredOf(request, known) : undefined;
      if (delivered !== undefined) return delivered;
    }
    if (mayStillRun(state.owner)) return undefined;
    const handle = await this.#openPart(partPath);
    if (handle === undefined) {
      if (part === undefined) {
        await removeState(context.files, statePath);
        this.#index.forget(known);
      }
      return undefined;
    }
    const { storedName } = state;
    const fresh = newState(request.peer, request.entry, storedName);
    return withOpen(handle, async () => {
      const { size, ino } = await handle.stat({ bigint: true });
      const canGoOn = isSame && size >= BigInt(state.durableBytes);
      const durableBytes = canGoOn ? state.durableBytes : 0;
      await replaceState(context.files, statePath, { ...fresh, durableBytes });
      await handle.truncate(durableBytes);
      return new DiskPartial({
        ...this.#leaving(known),
        context,
        handle,
        partPath,
        partInode: ino,
        state: { ...fresh, durableBytes },
        wantedName: storedName,
        attempt: 0,
        conflict: request.conflict,
      });
    });
  }

  async #deliveredOf(request: ClaimRequest, known: KnownPartial): Promise<ClaimedFile | undefined> {
    const { state, partPath } = known;
    const context = this.#context;
    const path = join(this.#context.folder, state.storedName);
    const handle = await this.#openPart(path, constants.O_RDONLY);
    if (handle === undefined) return undefined;
    const { size } = await withOpen(handle, () => handle.stat({ bigint: true }));
    if (size !== BigInt(state.sizeBytes)) {
      await handle.close();
      return undefined;
    }
    const claimAnew = (): Promise<ClaimedFile> => this.#claimNew(request);
    const parts = { context, handle, path, partPath, state, claimAnew };
    return new DiskDelivered({ ...this.#leaving(known), ...parts });
  }

  /** Undefined unless it is a plain file of ours; nothing is followed, nothing is waited for. */
  async #openPart(
    path: string,
    access: number = constants.O_RDWR,
  ): Promise<DiskHandle | undefined> {
    const { files } = this.#context;
    const before = await statsOf(files, path);
    if (before === undefined || !isOurs(this.#context, before)) return undefined;
    const handle = await files.open(path, access | NO_FOLLOW);
    const stats = await withOpen(handle, () => handle.stat({ bigint: true }));
    if (isOurs(this.#context, stats)) return handle;
    await handle.close();
    return undefined;
  }

  async #claimNew(request: ClaimRequest): Promise<ClaimedFile> {
    await this.#index.read();
    for (let attempt = 0; attempt < MAX_NAME_ATTEMPTS; attempt++) {
      const name = unusedName(request.storedName, attempt);
      const stats = await statsOf(this.#context.files, join(this.#context.folder, name));
      if (stats !== undefined) {
        if (request.conflict === 'skip')
          throw new TransferError('exists', 'the name exists already');
        if (request.conflict === 'rename' || stats.isDirectory()) continue;
      }
      const partPath = partPathOf(this.#context, name);
      const claimed = await this.#whileOwned(partPath, () =>
        this.#create(request, name, attempt, partPath),
      );
      if (claimed !== undefined) return claimed;
    }
    throw new TransferError('local-file', 'too many files of this name');
  }

  /** Undefined when something of somebody else is in the way. */
  async #create(
    request: ClaimRequest,
    name: string,
    attempt: number,
    partPath: string,
  ): Promise<ClaimedFile | undefined> {
    const context = this.#context;
    const state = newState(request.peer, request.entry, name);
    const handle = await this.#createPart(partPath, state);
    if (handle === undefined) return undefined;
    const statePath = statePathOf(partPath);
    let partInode: bigint;
    try {
      const { ino } = await withOpen(handle, () => handle.stat({ bigint: true }));
      partInode = ino;
    } catch (error) {
      await removeFile(context.files, partPath);
      await removeState(context.files, statePath);
      throw error;
    }
    const { storedName: wantedName, conflict } = request;
    const parts = { context, handle, partPath, partInode, state };
    const leaving = this.#leaving({ partPath, statePath, state });
    return new DiskPartial({ ...parts, ...leaving, wantedName, attempt, conflict });
  }

  #leaving(known: KnownPartial): Leaving {
    return this.#index.leaving(known);
  }

  async #createPart(partPath: string, state: PartialState): Promise<DiskHandle | undefined> {
    const context = this.#context;
    const { files } = context;
    const statePath = statePathOf(partPath);
    if (!(await createState(files, statePath, state))) {
      const isBroken = (await readState(files, statePath)) === 'broken';
      if (!isBroken && !(await removeUseless(context, partPath))) return undefined;
      // A state that cannot be read is of use to nobody; its partial is begun anew.
      if (isBroken) await removeState(files, statePath);
      if (!(await createState(files, statePath, state))) return undefined;
      const handle = await this.#openPart(partPath);
      if (handle !== undefined) {
        await withOpen(handle, () => handle.truncate(0));
        return handle;
      }
    }
    try {
      // A crash must not leave a partial without its state.
      await syncFolder(context);
      return await files.open(partPath, NEW_FLAGS, 0o600);
    } catch (error) {
      await removeState(files, statePath);
      if (systemCodeOf(error) === 'EEXIST') return undefined;
      throw error;
    }
  }
}
