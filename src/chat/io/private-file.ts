import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Opening a FIFO would else wait for somebody who writes; Windows has neither. */
const READ_ONLY = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

/** What stands in a file that only its owner should read. */
export type PrivateFile =
  | { readonly state: 'absent' }
  /** The group or everybody may read or write it (POSIX modes; Windows has none). */
  | { readonly state: 'exposed' }
  /** More than was expected, or no regular file. */
  | { readonly state: 'unfit' }
  | { readonly state: 'private'; readonly text: string };

/** Rejects when the system will not let it be read. */
export async function readPrivateFile(path: string, maxBytes: number): Promise<PrivateFile> {
  let file;
  try {
    file = await open(path, READ_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: 'absent' };
    throw error;
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > maxBytes) return { state: 'unfit' };
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) return { state: 'exposed' };
    return { state: 'private', text: await file.readFile('utf8') };
  } finally {
    await file.close();
  }
}
