import { join } from 'node:path';
import { PART_SUFFIX, STATE_SUFFIX } from '../../files/stored-name.ts';
import { TransferError } from '../../files/transfer-error.ts';
import { diskError } from './disk-error.ts';
import { diskFiles as files } from './disk-files.ts';
import {
  type PartialState,
  readState,
  removeFile,
  removeState,
  statePathOf,
} from './disk-state.ts';
import { removeFolder } from './disk-tree.ts';
import { mayStillRun, ownedPaths } from './partial-owner.ts';
import { statsOf } from './inbox-context.ts';

/** What an interrupted transfer has left in an inbox, with its state. */
export interface PartialTransfer {
  /** Of the file or folder that it is to become. */
  readonly name: string;
  /** What it is to become. */
  readonly kind: 'file' | 'folder';
  /** Who sent it, as its transfer said: a user, or the public key of a ticket's holder. */
  readonly peer: string;
  /** What lies there, of a folder with all that is in it. */
  readonly heldBytes: number;
  /** Of the whole file; of a folder it is not known. */
  readonly totalBytes: number | undefined;
  /** When something of it was written last, milliseconds since 1970. */
  readonly changedAtMs: number;
  /** A transfer of a program that runs writes it. */
  readonly isWritten: boolean;
  /** Of the partial itself, `NAME.part` in the inbox. */
  readonly path: string;
}

/**
 * The partials in an inbox, the oldest first. Only what has a state that this program wrote is one;
 * nothing is changed. Rejects with `local-file` when the folder cannot be read.
 */
export async function listPartials(folder: string): Promise<readonly PartialTransfer[]> {
  let names: string[];
  try {
    names = await files.readdir(folder);
  } catch (error) {
    throw diskError(folder, error);
  }
  const partials: PartialTransfer[] = [];
  for (const name of names) {
    if (!name.endsWith(STATE_SUFFIX)) continue;
    // Some disks tell other names than they were given.
    const stem = name.slice(0, -STATE_SUFFIX.length).normalize('NFC');
    const path = join(folder, stem + PART_SUFFIX);
    const partial = await lookAt(path).catch(() => undefined);
    if (partial !== undefined) partials.push(partial);
  }
  return partials.sort((one, other) => one.changedAtMs - other.changedAtMs);
}

/**
 * Removes a partial and its state, unless it is being written to (`refused`) or is not as it was listed
 * (`local-file`).
 */
export async function removePartial(partial: PartialTransfer): Promise<void> {
  const { path, name } = partial;
  const now = await lookAt(path);
  if (now === undefined || now.name !== name || now.peer !== partial.peer) {
    throw new TransferError('local-file', `${name}: it is there no more`);
  }
  if (now.isWritten) {
    throw new TransferError('refused', `${name} is being received; cancel that transfer first`);
  }
  try {
    if (now.kind === 'folder') await removeFolder(files, path);
    else await removeFile(files, path);
    // The state goes last: what is left of a partial on the way is one still.
    await removeState(files, statePathOf(path));
  } catch (error) {
    throw diskError(`${name} cannot be removed`, error);
  }
}

/** Undefined where there is no partial of ours. */
async function lookAt(path: string): Promise<PartialTransfer | undefined> {
  const statePath = statePathOf(path);
  const [state, stateStats] = [await readState(files, statePath), await statsOf(files, statePath)];
  if (typeof state !== 'object' || stateStats === undefined) return undefined;
  const stats = await statsOf(files, path);
  const isOfItsKind = state.kind === 'folder' ? stats?.isDirectory() : stats?.isFile();
  if (stats === undefined || isOfItsKind !== true || !isOurs(stats.uid)) return undefined;
  const changedNs = stats.mtimeNs > stateStats.mtimeNs ? stats.mtimeNs : stateStats.mtimeNs;
  return {
    name: state.storedName,
    kind: state.kind,
    peer: state.peer,
    heldBytes: state.kind === 'folder' ? await bytesIn(path) : Number(stats.size),
    totalBytes: state.kind === 'folder' ? undefined : state.sizeBytes,
    changedAtMs: Number(changedNs / 1_000_000n),
    isWritten: isWritten(path, state),
    path,
  };
}

function isOurs(uid: bigint): boolean {
  const own = process.getuid?.();
  return own === undefined || uid === BigInt(own);
}

function isWritten(path: string, state: PartialState): boolean {
  return ownedPaths.has(path) || mayStillRun(state.owner);
}

/** Links in it are not followed. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await files.readdir(folder)) {
    const path = join(folder, name);
    const stats = await statsOf(files, path);
    if (stats?.isDirectory() === true) bytes += await bytesIn(path);
    else if (stats?.isFile() === true) bytes += Number(stats.size);
  }
  return bytes;
}
