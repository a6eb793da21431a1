import { join } from 'node:path';
import type { ClaimedFolder, ClaimRequest } from '../../files/disk.ts';
import { unusedName } from '../../files/stored-name.ts';
import { TransferError } from '../../files/transfer-error.ts';
import { systemCodeOf } from './disk-error.ts';
import { DiskFolder, type DiskFolderParts } from './disk-folder.ts';
import {
  createState,
  newState,
  readState,
  removeState,
  replaceState,
  statePathOf,
} from './disk-state.ts';
import {
  exists,
  type InboxContext,
  MAX_NAME_ATTEMPTS,
  statsOf,
  syncFolder,
} from './inbox-context.ts';
import { mayStillRun, ownSignature } from './partial-owner.ts';
import { isPublished, partPathOf, type PartialIndex, removeUseless } from './partial-index.ts';

/** A place for a folder: what an earlier transfer of the same sender and name left, or a new one. */
export async function claimFolder(
  context: InboxContext,
  index: PartialIndex,
  request: ClaimRequest,
): Promise<ClaimedFolder> {
  const { conflict, storedName: wantedName } = request;
  for (const known of await index.find(request.peer, request.entry.name)) {
    const { partPath, statePath, state } = known;
    await context.removing.get(partPath);
    if (state.kind !== 'folder' || context.owned.has(partPath)) continue;
    const part = await statsOf(context.files, partPath);
    const isPartThere = part?.isDirectory() === true;
    const isThere = await isPublished(context, state, part);
    if (!isThere && mayStillRun(state.owner)) continue;
    if (!isPartThere && !isThere) {
      await removeState(context.files, statePath);
      index.forget(known);
      continue;
    }
    context.owned.add(partPath);
    try {
      await replaceState(context.files, statePath, { ...state, owner: ownSignature });
    } catch (error) {
      context.owned.delete(partPath);
      throw error;
    }
    return new DiskFolder({
      ...index.leaving(known),
      ...{ context, partPath, state, conflict },
      wantedName: state.storedName,
      attempt: 0,
      isResumed: true,
      isPublished: isThere,
    });
  }
  for (let attempt = 0; attempt < MAX_NAME_ATTEMPTS; attempt++) {
    const name = unusedName(wantedName, attempt);
    const stats = await statsOf(context.files, join(context.folder, name));
    if (stats !== undefined) {
      const isFolder = stats.isDirectory();
      if (conflict === 'skip' && !isFolder) {
        throw new TransferError('exists', 'the name exists already');
      }
      if (conflict === 'rename' || !isFolder) continue;
    }
    const partPath = partPathOf(context, name);
    await context.removing.get(partPath);
    if (context.owned.has(partPath)) continue;
    const state = newState(request.peer, request.entry, name);
    context.owned.add(partPath);
    let isCreated = false;
    try {
      isCreated = await create(context, partPath, state);
    } finally {
      if (!isCreated) context.owned.delete(partPath);
    }
    if (!isCreated) continue;
    return new DiskFolder({
      ...index.leaving({ partPath, statePath: statePathOf(partPath), state }),
      ...{ context, partPath, state, conflict, wantedName, attempt },
      isResumed: false,
      isPublished: false,
    });
  }
  throw new TransferError('local-file', 'too many folders of this name');
}

/**
 * False when something of somebody else is in the way. The state is durable before there is a folder: of a
 * folder without one nobody could tell whose it is.
 */
async function create(
  context: InboxContext,
  partPath: string,
  state: DiskFolderParts['state'],
): Promise<boolean> {
  const { files } = context;
  const statePath = statePathOf(partPath);
  if (!(await createState(files, statePath, state, true))) {
    // A state that cannot be read is of use to nobody, unless there is something that it may speak of.
    const isBroken = (await readState(files, statePath)) === 'broken';
    if (isBroken && !(await exists(files, partPath))) await removeState(files, statePath);
    else if (!(await removeUseless(context, partPath))) return false;
    if (!(await createState(files, statePath, state, true))) return false;
  }
  try {
    // A crash must not leave a partial without its state.
    await syncFolder(context);
    await files.mkdir(partPath, 0o700);
    return true;
  } catch (error) {
    await removeState(files, statePath);
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}
