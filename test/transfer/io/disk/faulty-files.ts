import {
  type DiskFiles,
  diskFiles,
  type DiskHandle,
} from '../../../../src/transfer/io/disk/disk-files.ts';
import { systemError } from './disk-folder.ts';

/**
 * The real disk, whose calls are counted, and of which some fail. What is synced is not: no test here
 * loses its power.
 */
export class FaultyFiles {
  readonly files: DiskFiles;
  /** Every call by its kind, in order. */
  readonly calls: string[] = [];
  /** Says of a call, by its place and kind, with which code of the system it fails. */
  fault: (index: number, call: string) => string | undefined = () => undefined;

  constructor() {
    const step = <Result>(call: string, run: () => Promise<Result>): Promise<Result> => {
      const code = this.fault(this.calls.push(call) - 1, call);
      return code === undefined ? run() : Promise.reject(systemError(code));
    };
    const { open, link, lstat, mkdir, readdir, rename, rmdir, statfs, unlink } = diskFiles;
    this.files = {
      open: (path, flags, mode) =>
        step(mode === undefined ? 'open' : 'create', async () =>
          watched(await open(path, flags, mode), step),
        ),
      link: (from, to) => step('link', () => link(from, to)),
      lstat: (path, options) => step('lstat', () => lstat(path, options)),
      mkdir: (path, mode) => step('mkdir', () => mkdir(path, mode)),
      readdir: (path) => step('readdir', () => readdir(path)),
      rename: (from, to) => step('rename', () => rename(from, to)),
      rmdir: (path) => step('rmdir', () => rmdir(path)),
      statfs: (path) => step('statfs', () => statfs(path)),
      unlink: (path) => step('unlink', () => unlink(path)),
    };
  }
}

type Step = <Result>(call: string, run: () => Promise<Result>) => Promise<Result>;

function watched(handle: DiskHandle, step: Step): DiskHandle {
  return {
    read: (...where) => step('read', () => handle.read(...where)),
    write: (...what) => step('write', () => handle.write(...what)),
    chmod: (mode) => step('chmod', () => handle.chmod(mode)),
    utimes: (accessed, modified) => step('utimes', () => handle.utimes(accessed, modified)),
    truncate: (length) => step('truncate', () => handle.truncate(length)),
    stat: (options) => step('stat', () => handle.stat(options)),
    sync: () => step('sync', () => Promise.resolve()),
    datasync: () => step('datasync', () => Promise.resolve()),
    // A file that says something when it is closed is closed all the same.
    close: () => handle.close(),
  };
}
