import { randomBytes } from 'node:crypto';
import { link, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Puts `text` in place of what stands at `path`: at any moment, also after a crash, all old or all new. */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = await writeBeside(path, text, mode);
  try {
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
  await syncFolderOf(path);
}

/** Makes the file whole, or leaves the one that is there; says whether it was made. */
export async function createFile(path: string, text: string, mode: number): Promise<boolean> {
  const temporary = await writeBeside(path, text, mode);
  try {
    await link(temporary, path); // unlike a rename it never overwrites
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await unlink(temporary);
  }
  await syncFolderOf(path);
  return true;
}

/** A synced file of its own in the same folder; its name. */
async function writeBeside(path: string, text: string, mode: number): Promise<string> {
  const temporary = `${path}.new-${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600); // nobody else may read it while it is written
  try {
    await file.writeFile(text);
    await file.chmod(mode);
    await file.sync();
  } catch (error) {
    await unlink(temporary);
    throw error;
  } finally {
    await file.close();
  }
  return temporary;
}

async function syncFolderOf(path: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
