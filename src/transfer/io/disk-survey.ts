import type { BigIntStats, Dir } from 'node:fs';
import { lstat, opendir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { SourceEntry, SourceSurvey, Surveyed } from '../files/disk.ts';
import { MAX_NAME_BYTES, MAX_PATH_BYTES, MAX_SIZE_BYTES } from '../files/offer.ts';
import { unusedName } from '../files/stored-name.ts';
import { TransferError } from '../files/transfer-error.ts';
import { diskError } from './disk-error.ts';
import { kindOf } from './disk-source.ts';

/** Names of one folder that are looked at together. */
const NAMES_AT_ONCE = 64;

/** A folder on the way, and how far through it. */
interface OpenFolder {
  readonly path: string;
  readonly name: string;
  readonly itemIndex: number;
  readonly directory: Dir;
  readonly names: AsyncGenerator<string, undefined>;
  /** Looked at and not told yet: folders in it, after its files. */
  readonly folders: SourceEntry[];
}

/**
 * A way through files and folders, depth first: a folder, the files in it, then the folders in it. A path
 * that was named is followed if it is a link; links inside folders are left out.
 *
 * Memory: `NAMES_AT_ONCE` entries, and the names of the folders beside the way.
 */
export class DiskSurvey implements SourceSurvey {
  readonly #paths: readonly string[];
  readonly #usedNames: Set<string> = new Set();
  readonly #open: OpenFolder[] = [];
  #nextItem = 0;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  async next(): Promise<readonly Surveyed[]> {
    for (;;) {
      const folder = this.#open.at(-1);
      if (folder === undefined) {
        if (this.#nextItem === this.#paths.length) return [];
        return [await this.#lookAtItem(this.#nextItem++)];
      }
      const found = await this.#lookInto(folder);
      if (found.length > 0) return found;
      this.#open.pop();
    }
  }

  async close(): Promise<void> {
    for (const { directory } of this.#open.splice(0)) {
      // It closes itself at its end.
      await directory.close().catch(() => undefined);
    }
  }

  async #lookAtItem(itemIndex: number): Promise<Surveyed> {
    const path = this.#paths[itemIndex]!;
    const name = this.#nameOf(path);
    try {
      const stats = await stat(path, { bigint: true });
      if (!stats.isFile() && !stats.isDirectory()) {
        throw new TransferError('local-file', `${path}: ${kindOf(stats)}, not a regular file`);
      }
      const entry = entryOf(path, name, itemIndex, stats);
      if (entry.kind === 'folder') await this.#enter(entry);
      return { type: 'entry', entry };
    } catch (error) {
      return { type: 'failure', name, error: diskError(path, error) };
    }
  }

  /** Two paths with one base name get two names. */
  #nameOf(path: string): string {
    const name = (basename(resolve(path)) || 'root').normalize('NFC');
    let attempt = 0;
    while (this.#usedNames.has(unusedName(name, attempt))) attempt++;
    this.#usedNames.add(unusedName(name, attempt));
    return unusedName(name, attempt);
  }

  async #enter({ path, name, itemIndex }: SourceEntry): Promise<void> {
    const directory = await opendir(path);
    const names = namesOf(directory);
    this.#open.push({ path, name, itemIndex, directory, names, folders: [] });
  }

  async #lookInto(folder: OpenFolder): Promise<readonly Surveyed[]> {
    const names: string[] = [];
    try {
      while (names.length < NAMES_AT_ONCE) {
        const next = await folder.names.next();
        if (next.done === true) break;
        names.push(next.value);
      }
    } catch (error) {
      return [{ type: 'failure', name: folder.name, error: diskError(folder.path, error) }];
    }
    if (names.length === 0) return this.#lookAtFolder(folder);
    const found = await Promise.all(names.map((name) => lookAt(folder, name)));
    const told: Surveyed[] = [];
    for (const surveyed of found) {
      const isFolder = surveyed.type === 'entry' && surveyed.entry.kind === 'folder';
      if (isFolder) folder.folders.push(surveyed.entry);
      else told.push(surveyed);
    }
    return told.length > 0 ? told : this.#lookInto(folder);
  }

  /** The next folder in one whose files are told; nothing when there is none. */
  async #lookAtFolder(folder: OpenFolder): Promise<readonly Surveyed[]> {
    const entry = folder.folders.shift();
    if (entry === undefined) return [];
    try {
      await this.#enter(entry);
      return [{ type: 'entry', entry }];
    } catch (error) {
      return [{ type: 'failure', name: entry.name, error: diskError(entry.path, error) }];
    }
  }
}

async function* namesOf(directory: Dir): AsyncGenerator<string, undefined> {
  for await (const { name } of directory) yield name;
}

async function lookAt(folder: OpenFolder, baseName: string): Promise<Surveyed> {
  const path = join(folder.path, baseName);
  const name = `${folder.name}/${baseName.normalize('NFC')}`;
  try {
    const stats = await lstat(path, { bigint: true });
    if (stats.isSymbolicLink()) return { type: 'link', name };
    if (!stats.isFile() && !stats.isDirectory()) {
      throw new TransferError('local-file', `${path}: ${kindOf(stats)}, not a regular file`);
    }
    return { type: 'entry', entry: entryOf(path, name, folder.itemIndex, stats) };
  } catch (error) {
    return { type: 'failure', name, error: diskError(path, error) };
  }
}

function entryOf(path: string, name: string, itemIndex: number, stats: BigIntStats): SourceEntry {
  const isFile = stats.isFile();
  const baseName = name.slice(name.lastIndexOf('/') + 1);
  const isTooLong =
    Buffer.byteLength(name) > MAX_PATH_BYTES || Buffer.byteLength(baseName) > MAX_NAME_BYTES;
  if (isTooLong || stats.size > BigInt(MAX_SIZE_BYTES)) {
    throw new TransferError('local-file', `${path}: name or size is too large`);
  }
  return {
    kind: isFile ? 'file' : 'folder',
    name,
    path,
    itemIndex,
    sizeBytes: isFile ? Number(stats.size) : 0,
    isSizeKnown: true,
    mtimeNs: stats.mtimeNs,
    mode: Number(stats.mode) & 0o777,
    ctimeNs: stats.ctimeNs,
    inode: stats.ino,
    device: stats.dev,
  };
}
