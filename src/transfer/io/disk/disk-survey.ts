import { constants, type Dir } from 'node:fs';
import { lstat, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceEntry, SourceSurvey, Surveyed } from '../../files/disk.ts';
import { MAX_NAME_BYTES, MAX_PATH_BYTES, MAX_SIZE_BYTES } from '../../files/records/offer.ts';
import { unusedName } from '../../files/stored-name.ts';
import { TransferError } from '../../files/transfer-error.ts';
import { sentName } from '../../files/transfer-name.ts';
import { diskError, systemCodeOf } from './disk-error.ts';
import { kindOf } from './disk-source.ts';
import type { Looked, WholeFiles } from './whole-files.ts';

/** Names of one folder that are looked at together. */
const NAMES_AT_ONCE = 64;
/** The same where a thread looks at them. */
const NAMES_A_MESSAGE = 256;

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
 * Memory: `NAMES_A_MESSAGE` entries, and the names of the folders beside the way.
 */
export class DiskSurvey implements SourceSurvey {
  readonly #paths: readonly string[];
  readonly #wholeFiles: WholeFiles | undefined;
  readonly #usedNames: Set<string> = new Set();
  readonly #open: OpenFolder[] = [];
  #nextItem = 0;

  /** @param wholeFiles looks at many files in a folder, and hears of small ones */
  constructor(paths: readonly string[], wholeFiles?: WholeFiles) {
    this.#paths = paths;
    this.#wholeFiles = wholeFiles;
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
      return { type: 'failure', name, error: lookError(path, error) };
    }
  }

  /** Two paths with one base name get two names. */
  #nameOf(path: string): string {
    const name = sentName(path);
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
    const isThreadReady = this.#wholeFiles?.isReady === true;
    const limit = isThreadReady ? NAMES_A_MESSAGE : NAMES_AT_ONCE;
    try {
      while (names.length < limit) {
        const next = await folder.names.next();
        if (next.done === true) break;
        names.push(next.value);
      }
    } catch (error) {
      return [{ type: 'failure', name: folder.name, error: diskError(folder.path, error) }];
    }
    if (names.length === 0) return this.#lookAtFolder(folder);
    const looked = isThreadReady ? await this.#lookTogether(folder, names) : [];
    const found = await Promise.all(
      names.map((name, index) => lookAt(folder, name, looked[index])),
    );
    const told: Surveyed[] = [];
    for (const surveyed of found) {
      const entry = surveyed.type === 'entry' ? surveyed.entry : undefined;
      if (entry?.kind === 'folder') {
        folder.folders.push(entry);
        continue;
      }
      told.push(surveyed);
      if (entry !== undefined) this.#wholeFiles?.expect(entry.sizeBytes);
    }
    return told.length > 0 ? told : this.#lookInto(folder);
  }

  /** Nothing of those that the ordinary call has to look at. */
  async #lookTogether(
    { path }: OpenFolder,
    names: readonly string[],
  ): Promise<readonly (Looked | undefined)[]> {
    try {
      return await this.#wholeFiles!.look(names.map((name) => join(path, name)));
    } catch {
      return [];
    }
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

async function lookAt(
  folder: OpenFolder,
  baseName: string,
  looked: Looked | undefined,
): Promise<Surveyed> {
  const path = join(folder.path, baseName);
  const name = `${folder.name}/${baseName.normalize('NFC')}`;
  try {
    if (looked !== undefined && (isOfType(looked, S_IFREG) || isOfType(looked, S_IFDIR))) {
      return { type: 'entry', entry: entryOf(path, name, folder.itemIndex, looked) };
    }
    const stats = await lstat(path, { bigint: true });
    if (stats.isSymbolicLink()) return { type: 'link', name };
    if (!stats.isFile() && !stats.isDirectory()) {
      throw new TransferError('local-file', `${path}: ${kindOf(stats)}, not a regular file`);
    }
    return { type: 'entry', entry: entryOf(path, name, folder.itemIndex, stats) };
  } catch (error) {
    return { type: 'failure', name, error: lookError(path, error) };
  }
}

const { S_IFMT, S_IFREG, S_IFDIR } = constants;

function isOfType({ mode }: Looked, type: number): boolean {
  return (Number(mode) & S_IFMT) === type;
}

function entryOf(path: string, name: string, itemIndex: number, stats: Looked): SourceEntry {
  const isFile = isOfType(stats, S_IFREG);
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

/** A name that is not UTF-8 is read with U+FFFD in it, and so names nothing. */
function lookError(path: string, error: unknown): TransferError {
  if (systemCodeOf(error) !== 'ENOENT' || !path.includes('\uFFFD')) return diskError(path, error);
  const reason = `${path}: a name that is not UTF-8 cannot be sent: rename it`;
  return new TransferError('local-file', reason, { cause: error });
}
