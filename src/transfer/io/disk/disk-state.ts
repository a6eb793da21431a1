import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { OfferedEntry } from '../../files/records/offer.ts';
import {
  STATE_DRAFT_SUFFIX,
  STATE_SUFFIX,
  partNameOf,
  PART_SUFFIX,
} from '../../files/stored-name.ts';
import { systemCodeOf } from './disk-error.ts';
import { ownSignature } from './partial-owner.ts';
import type { DiskFiles } from './disk-files.ts';

/** Largest state file that is read. */
export const MAX_STATE_BYTES = 65_536;
const STATE_VERSION = 1;
const STATE_BEGINS = Buffer.from(`{"version":${STATE_VERSION},"kind":`);

/** What is known of a partial: the content of `NAME.part.state`. */
export interface PartialState {
  readonly kind: 'file' | 'folder';
  /** Who writes the partial; empty when nobody does. See `mayStillRun`. */
  readonly owner: string;
  readonly peer: string;
  /** As it was offered. */
  readonly name: string;
  /** The name that it is to get. */
  readonly storedName: string;
  /** The source as it was offered. */
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly device: bigint;
  /** Inode of the partial, known by the time it is published; 0 before. */
  readonly partInode: bigint;
  /** Content up to here was synced before this was written. */
  readonly durableBytes: number;
}

const textKeys = ['owner', 'peer', 'name', 'storedName'] as const;
const sizeKeys = ['sizeBytes', 'durableBytes'] as const;
const bigKeys = ['mtimeNs', 'ctimeNs', 'inode', 'device', 'partInode'] as const;
const KEY_COUNT = textKeys.length + sizeKeys.length + bigKeys.length + 2;

/** The state of a new partial of this entry. */
export function newState(peer: string, entry: OfferedEntry, storedName: string): PartialState {
  const { kind, name, sizeBytes, mtimeNs, ctimeNs, inode, device } = entry;
  const source = { sizeBytes, mtimeNs, ctimeNs, inode, device };
  const owner = ownSignature;
  return { kind, owner, peer, name, storedName, ...source, partInode: 0n, durableBytes: 0 };
}

/**
 * The source is, as far as size, times and place tell, in the state in which it was offered then. What
 * comes from a stream is never what came before.
 */
export function isSameSource(state: PartialState, entry: OfferedEntry): boolean {
  return (
    entry.isSizeKnown &&
    state.sizeBytes === entry.sizeBytes &&
    state.mtimeNs === entry.mtimeNs &&
    state.ctimeNs === entry.ctimeNs &&
    state.inode === entry.inode &&
    state.device === entry.device
  );
}

export function formatState(state: PartialState): string {
  const big = Object.fromEntries(bigKeys.map((key) => [key, String(state[key])]));
  return `${JSON.stringify({ version: STATE_VERSION, ...state, ...big })}\n`;
}

/** Undefined unless it is exactly what `formatState` makes of a state that may be. */
export function parseState(text: string): PartialState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  if (Object.keys(fields).length !== KEY_COUNT || fields['version'] !== STATE_VERSION) {
    return undefined;
  }
  const { kind } = fields;
  if (kind !== 'file' && kind !== 'folder') return undefined;
  for (const key of textKeys) if (typeof fields[key] !== 'string') return undefined;
  for (const key of sizeKeys) {
    if (!Number.isSafeInteger(fields[key]) || (fields[key] as number) < 0) return undefined;
  }
  for (const key of bigKeys) {
    if (typeof fields[key] !== 'string' || !/^-?\d{1,20}$/.test(fields[key])) return undefined;
  }
  const texts = fields as Record<(typeof textKeys)[number], string>;
  const sizes = fields as Record<(typeof sizeKeys)[number], number>;
  const bigs = fields as Record<(typeof bigKeys)[number], string>;
  if (sizes.durableBytes > sizes.sizeBytes) return undefined;
  return {
    kind,
    owner: texts.owner,
    peer: texts.peer,
    name: texts.name,
    storedName: texts.storedName,
    sizeBytes: sizes.sizeBytes,
    mtimeNs: BigInt(bigs.mtimeNs),
    ctimeNs: BigInt(bigs.ctimeNs),
    inode: BigInt(bigs.inode),
    device: BigInt(bigs.device),
    partInode: BigInt(bigs.partInode),
    durableBytes: sizes.durableBytes,
  };
}

/** `NAME.part.state` beside `NAME.part`. */
export function statePathOf(partPath: string): string {
  return partPath.slice(0, -PART_SUFFIX.length) + STATE_SUFFIX;
}

/** The state of a file that has its own name from the beginning, inside a folder. */
export function childStatePathOf(path: string): string {
  return join(dirname(path), stateNameOf(basename(path)));
}

function draftPathOf(statePath: string): string {
  return statePath.slice(0, -STATE_SUFFIX.length) + STATE_DRAFT_SUFFIX;
}

/**
 * Undefined when there is none; `broken` when it is not one that we wrote; `other` when it speaks of another
 * file: it was moved here, or this disk takes the two names for one.
 */
export async function readState(
  files: DiskFiles,
  statePath: string,
): Promise<PartialState | 'broken' | 'other' | undefined> {
  let handle;
  try {
    handle = await files.open(statePath, constants.O_RDONLY | NO_FOLLOW);
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? undefined : 'broken';
  }
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile() || stats.size > MAX_STATE_BYTES) return 'broken';
    const bytes = Buffer.alloc(Number(stats.size));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    const state = parseState(bytes.toString('utf8', 0, bytesRead));
    if (state === undefined) return 'broken';
    return basename(statePath) === stateNameOf(state.storedName) ? state : 'other';
  } catch {
    return 'broken';
  } finally {
    await handle.close();
  }
}

/** Of a file by the name of a state, or of a draft: we have written it, if only a beginning before a crash. */
export async function isStateOfOurs(files: DiskFiles, path: string): Promise<boolean> {
  const handle = await files.open(path, constants.O_RDONLY | NO_FOLLOW);
  try {
    const bytes = Buffer.alloc(STATE_BEGINS.length);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    const found = bytes.subarray(0, bytesRead);
    // What a disk had not written yet may be zeros.
    return STATE_BEGINS.subarray(0, bytesRead).equals(found) || found.every((byte) => byte === 0);
  } finally {
    await handle.close();
  }
}

function stateNameOf(storedName: string): string {
  return statePathOf(partNameOf(storedName));
}

/** False when there is a state file already. Its content is durable when it `isSynced`, its name not yet. */
export async function createState(
  files: DiskFiles,
  statePath: string,
  state: PartialState,
  isSynced = false,
): Promise<boolean> {
  try {
    await writeNew(files, statePath, state, isSynced);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Puts a state in the place of the one that is there: whoever reads sees the old or the new one. */
export async function replaceState(
  files: DiskFiles,
  statePath: string,
  state: PartialState,
): Promise<void> {
  const draftPath = draftPathOf(statePath);
  // A draft that a crash has left.
  await removeFile(files, draftPath);
  await writeNew(files, draftPath, state, true);
  try {
    await files.rename(draftPath, statePath);
  } catch (error) {
    await removeFile(files, draftPath).catch(() => undefined);
    throw error;
  }
}

/** Removes a state, and a draft of it. */
export async function removeState(files: DiskFiles, statePath: string): Promise<void> {
  await removeFile(files, draftPathOf(statePath));
  await removeFile(files, statePath);
}

export async function removeFile(files: DiskFiles, path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
}

/** Leaves nothing when it fails, as far as the disk lets it. */
async function writeNew(
  files: DiskFiles,
  path: string,
  state: PartialState,
  isSynced: boolean,
): Promise<void> {
  const handle = await files.open(path, NEW_FLAGS, 0o600);
  try {
    const bytes = Buffer.from(formatState(state));
    await handle.write(bytes, 0, bytes.length, 0);
    if (isSynced) await handle.sync();
  } catch (error) {
    await removeFile(files, path).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Absent on Windows, where no link is followed that we did not make. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- its type is that of Linux
export const NO_FOLLOW: number = constants.O_NOFOLLOW ?? 0;

/** O_EXCL refuses a symbolic link in the way, also a broken one; NO_FOLLOW says it once more. */
export const NEW_FLAGS: number =
  constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
