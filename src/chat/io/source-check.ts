import { access, constants, stat } from 'node:fs/promises';

/** What `UPD` names on this disk, as far as it can be told before sending. */
export type SourceCheck =
  /** 0 of a folder, which is looked through when it is sent. */
  | { readonly sizeBytes: number }
  /** One clause without a full stop: why it cannot be sent. */
  | { readonly problem: string };

/** Looks at a file or folder that somebody wants to send; the engine looks again when it opens it. */
export async function checkSource(path: string): Promise<SourceCheck> {
  try {
    const found = await stat(path);
    if (found.isFile()) {
      await access(path, constants.R_OK);
      return { sizeBytes: found.size };
    }
    if (found.isDirectory()) {
      await access(path, constants.R_OK | constants.X_OK);
      return { sizeBytes: 0 };
    }
    return { problem: 'it is a device, a FIFO or a socket' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { problem: 'no such file' };
    if (code === 'EACCES' || code === 'EPERM') return { problem: 'it may not be read' };
    return { problem: `it cannot be read (${code ?? 'unknown error'})` };
  }
}
