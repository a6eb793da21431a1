import { constants } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type DiskFiles, diskFiles, type DiskHandle } from '../../../src/transfer/io/disk-files.ts';
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
  const watch = (handle: DiskHandle, what: string): DiskHandle =>
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
      const what = whatIs(path, flags, mode);
      if (what !== 'read') await note(`open ${what}`);
      return what === 'read'
        ? diskFiles.open(path, flags, mode)
        : watch(await diskFiles.open(path, flags, mode), what);
    },
    link: async (from, to) => {
      await note('link');
      await diskFiles.link(from, to);
    },
    rename: async (from, to) => {
      await note('rename');
      await diskFiles.rename(from, to);
    },
    mkdir: async (path, mode) => {
      await note('mkdir');
      await diskFiles.mkdir(path, mode);
    },
    unlink: async (path) => {
      await note(path.endsWith('.part.state') ? 'unlink state' : 'unlink');
      await diskFiles.unlink(path);
    },
  };
}

function whatIs(path: string, flags: number, mode: number | undefined): string {
  if (/\.part\.state~?$/.test(path)) return mode === undefined ? 'read' : 'state';
  return mode !== undefined || (flags & constants.O_RDWR) !== 0 ? 'part' : 'folder';
}

export function inboxIn(folder: string, files: DiskFiles = diskFiles): DiskInbox {
  return new DiskInbox({ folder, platform: 'posix', umask: 0o022, files });
}
