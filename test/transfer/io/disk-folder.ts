import type { FileHandle } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type DiskFiles, diskFiles } from '../../../src/transfer/io/disk-files.ts';
import { DiskInbox } from '../../../src/transfer/io/disk-inbox.ts';

/** A folder for each test of the file that calls this; removed after it. */
export function useTemporaryFolder(): { readonly path: string } {
  const folder = { path: '' };
  beforeEach(() => {
    folder.path = mkdtempSync(join(tmpdir(), 'updraft-disk-'));
  });
  afterEach(() => {
    rmSync(folder.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });
  return folder;
}

export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * The real disk, noting each call that changes something; `interfere` is asked before each and may
 * throw in its place.
 */
export function recordingFiles(
  log: string[],
  interfere: (call: string) => void | Promise<void> = () => undefined,
): DiskFiles {
  const note = async (call: string): Promise<void> => {
    await interfere(call);
    log.push(call);
  };
  const watch = (handle: FileHandle, what: string): FileHandle =>
    new Proxy(handle, {
      get(target, key): unknown {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== 'function') return member;
        return async (...parameters: unknown[]): Promise<unknown> => {
          await note(`${String(key)} ${what}`);
          return (member as (...all: unknown[]) => unknown).apply(target, parameters);
        };
      },
    });
  return {
    ...diskFiles,
    open: async (path, flags, mode) => {
      const what = mode === undefined ? 'folder' : 'part';
      await note(`open ${what}`);
      return watch(await diskFiles.open(path, flags, mode), what);
    },
    link: async (from, to) => {
      await note('link');
      await diskFiles.link(from, to);
    },
    rename: async (from, to) => {
      await note('rename');
      await diskFiles.rename(from, to);
    },
    unlink: async (path) => {
      await note('unlink');
      await diskFiles.unlink(path);
    },
  };
}

export function inboxIn(folder: string, files: DiskFiles = diskFiles): DiskInbox {
  return new DiskInbox({ folder, platform: 'posix', umask: 0o022, files });
}
