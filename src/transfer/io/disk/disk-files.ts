import { link, lstat, mkdir, open, readdir, rename, rmdir, statfs, unlink } from 'node:fs/promises';

/** What is asked of the description of a file. */
export interface DiskStats {
  readonly size: bigint;
  readonly ino: bigint;
  readonly nlink: bigint;
  readonly uid: bigint;
  readonly mtimeNs: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** What is asked of an open file or folder; a `FileHandle` is one. */
export interface DiskHandle {
  read(
    target: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  write(
    source: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  chmod(mode: number): Promise<void>;
  /** Seconds since 1970. */
  utimes(accessed: number, modified: number): Promise<void>;
  truncate(length: number): Promise<void>;
  stat(options: { readonly bigint: true }): Promise<DiskStats>;
  sync(): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The calls of `node:fs/promises` by which files are received, so that a test can record their order,
 * make one fail, or put a disk in their place that loses its power.
 */
export interface DiskFiles {
  readonly open: (path: string, flags: number, mode?: number) => Promise<DiskHandle>;
  readonly link: (existing: string, added: string) => Promise<void>;
  readonly lstat: (path: string, options: { readonly bigint: true }) => Promise<DiskStats>;
  readonly mkdir: (path: string, mode: number) => Promise<unknown>;
  readonly readdir: (path: string) => Promise<string[]>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly rmdir: (path: string) => Promise<void>;
  readonly statfs: (
    path: string,
  ) => Promise<{ readonly bsize: number; readonly blocks: number; readonly bavail: number }>;
  readonly unlink: (path: string) => Promise<void>;
}

/** The real ones. */
export const diskFiles: DiskFiles = {
  link,
  lstat,
  mkdir,
  open,
  readdir: (path) => readdir(path),
  rename,
  rmdir,
  statfs,
  unlink,
};
