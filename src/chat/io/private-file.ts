import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Opening a FIFO would else wait for somebody who writes; Windows has neither. */
const READ_ONLY = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

/** What stands in a file of a few bytes. */
export type SmallFile =
  | { readonly state: 'absent' }
  /** More than was expected, or no regular file. */
  | { readonly state: 'unfit' }
  | { readonly state: 'read'; readonly text: string; readonly mode: number };

/** What stands in a file that only its owner should read. */
export type PrivateFile =
  | Exclude<SmallFile, { readonly state: 'read' }>
  /** The group or everybody may read or write it (POSIX modes; Windows has none). */
  | { readonly state: 'exposed' }
  | { readonly state: 'private'; readonly text: string };

/** Rejects when the system will not let it be read. */
export async function readSmallFile(path: string, maxBytes: number): Promise<SmallFile> {
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
    return { state: 'read', text: await file.readFile('utf8'), mode: stat.mode };
  } finally {
    await file.close();
  }
}

/** Rejects when the system will not let it be read. */
export async function readPrivateFile(path: string, maxBytes: number): Promise<PrivateFile> {
  const file = await readSmallFile(path, maxBytes);
  if (file.state !== 'read') return file;
  if (process.platform !== 'win32' && (file.mode & 0o077) !== 0) return { state: 'exposed' };
  return { state: 'private', text: file.text };
}
