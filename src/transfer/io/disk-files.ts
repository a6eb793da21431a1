import { type FileHandle, link, lstat, open, rename, stat, statfs, unlink } from 'node:fs/promises';

/**
 * The calls of `node:fs/promises` by which files are received, so that a test can record their order
 * or make one fail.
 */
export interface DiskFiles {
  readonly open: (path: string, flags: number, mode?: number) => Promise<FileHandle>;
  readonly link: (existing: string, added: string) => Promise<void>;
  readonly lstat: (path: string) => Promise<unknown>;
  readonly stat: (path: string) => Promise<{ isDirectory(): boolean }>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly statfs: (
    path: string,
  ) => Promise<{ readonly bsize: number; readonly blocks: number; readonly bavail: number }>;
  readonly unlink: (path: string) => Promise<void>;
}

/** The real ones. */
export const diskFiles: DiskFiles = { open, link, lstat, stat, rename, statfs, unlink };
