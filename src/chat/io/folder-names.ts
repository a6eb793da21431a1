import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Entries of a folder that are looked at; of a larger one no names are given. */
export const MAX_FOLDER_ENTRIES = 10_000;
/** Links of which it is asked where they lead; others count as files. */
const MAX_LINKS_ASKED = 100;

export interface FolderName {
  readonly name: string;
  /** Or a link to one. */
  readonly isFolder: boolean;
}

/**
 * What in a folder begins so, by name. Hidden names only where a `.` asks for them. Empty where it cannot
 * be read.
 */
export async function namesInFolder(
  folder: string,
  beginning: string,
): Promise<readonly FolderName[]> {
  const names: FolderName[] = [];
  let entryCount = 0;
  let linkCount = 0;
  try {
    for await (const entry of await opendir(folder)) {
      if (++entryCount > MAX_FOLDER_ENTRIES) return [];
      const { name } = entry;
      if (!name.startsWith(beginning) || (name.startsWith('.') && beginning === '')) continue;
      const isLink = entry.isSymbolicLink() && ++linkCount <= MAX_LINKS_ASKED;
      const isFolder = isLink ? await leadsToFolder(join(folder, name)) : entry.isDirectory();
      names.push({ name, isFolder });
    }
  } catch {
    // Whoever sends from there is told why it cannot be read.
    return [];
  }
  return names.sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function leadsToFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
