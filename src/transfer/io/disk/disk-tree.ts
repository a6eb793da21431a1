import { join } from 'node:path';
import { TransferError } from '../../files/transfer-error.ts';
import { systemCodeOf } from './disk-error.ts';
import type { DiskFiles } from './disk-files.ts';
import { type InboxContext, moveWithoutClobber, statsOf } from './inbox-context.ts';

/** Removes a folder of ours with all that is in it. Links in it are removed, not followed. */
export async function removeFolder(files: DiskFiles, path: string): Promise<void> {
  let names: string[];
  try {
    names = await files.readdir(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names) await removeAny(files, join(path, name));
  await files.rmdir(path);
}

async function removeAny(files: DiskFiles, path: string): Promise<void> {
  const stats = await statsOf(files, path);
  if (stats?.isDirectory() === true) await removeFolder(files, path);
  else if (stats !== undefined) await files.unlink(path);
}

/** Removes from a folder of ours what is not among `kept`, paths below `root`. */
export async function pruneFolder(
  files: DiskFiles,
  root: string,
  kept: ReadonlySet<string>,
): Promise<void> {
  const folders = [''];
  /** Made when there is a name that is not kept: the disk may tell another one than it was given. */
  let inodes: ReadonlySet<bigint> | undefined;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of await files.readdir(join(root, folder))) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const stats = await statsOf(files, join(root, path));
      if (!kept.has(path) && stats !== undefined) {
        inodes ??= await inodesOf(files, root, kept);
        if (!inodes.has(stats.ino)) {
          await removeAny(files, join(root, path));
          continue;
        }
      }
      if (stats?.isDirectory() === true) folders.push(path);
    }
  }
}

async function inodesOf(
  files: DiskFiles,
  root: string,
  paths: ReadonlySet<string>,
): Promise<ReadonlySet<bigint>> {
  const inodes = new Set<bigint>();
  for (const path of paths) {
    const stats = await statsOf(files, join(root, path));
    if (stats !== undefined) inodes.add(stats.ino);
  }
  return inodes;
}

/** Moves what is in a folder of ours into one that exists; what exists there is replaced, or stays. */
export async function mergeFolder(
  context: InboxContext,
  from: string,
  to: string,
  overwrites: boolean,
): Promise<void> {
  const { files } = context;
  for (const name of await files.readdir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    const stats = await statsOf(files, source);
    if (stats?.isDirectory() !== true) {
      if (overwrites) await files.rename(source, target);
      else await moveWithoutClobber(context, source, target);
      continue;
    }
    const inTheWay = await statsOf(files, target);
    if (inTheWay === undefined) await files.rename(source, target);
    else if (inTheWay.isDirectory()) await mergeFolder(context, source, target, overwrites);
    // Also a link to a folder: what is behind it is not in the inbox.
    else throw new TransferError('local-file', 'a file has the name of a folder');
  }
  await removeFolder(files, from);
}
