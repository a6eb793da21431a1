import { constants } from 'node:fs';
import { join } from 'node:path';
import type { NamePlatform } from '../../files/stored-name.ts';
import { systemCodeOf } from './disk-error.ts';
import type { DiskFiles, DiskHandle, DiskStats } from './disk-files.ts';
import type { WholeFiles } from './whole-files.ts';

/** Names tried for one file, `NAME` and `NAME (1)` up to this, before it is refused. */
export const MAX_NAME_ATTEMPTS = 10_000;

/** What the partials of one inbox share. */
export interface InboxContext {
  readonly folder: string;
  readonly platform: NamePlatform;
  /** Permission bits that files do not get. */
  readonly umask: number;
  /** Whose files ours are; undefined where files have no owners. */
  readonly uid: number | undefined;
  readonly files: DiskFiles;
  /** Writes small files inside folders; absent: `files` does. */
  readonly wholeFiles: WholeFiles | undefined;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
  /** Partials that a running transfer writes, by path. */
  readonly owned: Set<string>;
  /** Records that are being removed, by the path of the partial that they were of. */
  readonly removing: Map<string, Promise<void>>;
  /** One publication without links at a time: between look and rename nobody of ours takes a name. */
  renaming: Promise<unknown>;
}

/** Times on a disk are kept to the microsecond, and rounded on their way. */
const MTIME_TOLERANCE_NS = 10_000n;

export function isSameTime(oneNs: bigint, otherNs: bigint): boolean {
  const differenceNs = oneNs - otherNs;
  return differenceNs < MTIME_TOLERANCE_NS && -differenceNs < MTIME_TOLERANCE_NS;
}

export async function statsOf(files: DiskFiles, path: string): Promise<DiskStats | undefined> {
  try {
    return await files.lstat(path, { bigint: true });
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether anything has this name, a broken symbolic link included. */
export async function exists(files: DiskFiles, path: string): Promise<boolean> {
  return (await statsOf(files, path)) !== undefined;
}

/** A regular file that nobody else put there, and that has no second name. */
export function isOurs(context: InboxContext, stats: DiskStats): boolean {
  if (!stats.isFile() || stats.nlink !== 1n) return false;
  return context.uid === undefined || stats.uid === BigInt(context.uid);
}

/** Hands on what `act` makes of an open file; closes the file when that fails. */
export async function withOpen<Value>(
  handle: DiskHandle,
  act: () => Promise<Value>,
): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    await handle.close().catch(() => undefined);
    throw error;
  }
}

/** Makes names durable. Windows opens no folders and needs none of this. */
export async function syncFolder(context: InboxContext, ...parts: string[]): Promise<void> {
  if (context.platform === 'win32') return;
  const folder = await context.files.open(join(context.folder, ...parts), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What `link` says where the file system has no links. */
const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Gives a file a second name and takes its first. False when something has that name already; it is
 * left as it is.
 */
export async function moveWithoutClobber(
  context: InboxContext,
  from: string,
  to: string,
): Promise<boolean> {
  const { files } = context;
  try {
    await files.link(from, to);
  } catch (error) {
    const systemCode = systemCodeOf(error);
    // It may be the second name that it got the last time, when the first one could not be taken.
    if (systemCode === 'EEXIST' && !(await isSameFile(files, from, to))) return false;
    if (withoutLinks.has(systemCode)) return renameWhereFree(context, from, to);
    if (systemCode !== 'EEXIST') throw error;
  }
  await files.unlink(from);
  return true;
}

async function isSameFile(files: DiskFiles, one: string, other: string): Promise<boolean> {
  const [a, b] = [await statsOf(files, one), await statsOf(files, other)];
  return a !== undefined && a.ino === b?.ino;
}

/**
 * For file systems that have no links (FAT), and for folders: looks, then renames. Ours take turns;
 * another program that takes the name between the two calls would lose its file (not its folder:
 * nothing is renamed over one that holds anything).
 */
export async function renameWhereFree(
  context: InboxContext,
  from: string,
  to: string,
): Promise<boolean> {
  const turn = context.renaming.then(async () => {
    if (await exists(context.files, to)) return false;
    await context.files.rename(from, to);
    return true;
  });
  context.renaming = turn.catch(() => undefined);
  return turn;
}
