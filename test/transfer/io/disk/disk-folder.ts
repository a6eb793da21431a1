import { constants } from 'node:fs';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import {
  type DiskFiles,
  diskFiles,
  type DiskHandle,
} from '../../../../src/transfer/io/disk/disk-files.ts';
import { DiskInbox } from '../../../../src/transfer/io/disk/disk-inbox.ts';

/** Turns of the event loop within which a file that is no longer needed is closed. */
const CLOSING_TURNS = 5_000;

/**
 * A folder for each test of the file that calls this; removed after it. Where the system tells, a test
 * fails that leaves anything in it open, or lets the collector close it.
 */
export function useTemporaryFolder(): { readonly path: string } {
  const folder = { path: '' };
  const collected: string[] = [];
  const onWarning = ({ message }: Error): void => {
    if (message.startsWith('Closing')) collected.push(message);
  };
  beforeEach(() => {
    collected.length = 0;
    process.on('warning', onWarning);
    folder.path = mkdtempSync(join(tmpdir(), 'updraft-disk-'));
  });
  afterEach(async () => {
    let open = openBelow(folder.path);
    for (let turn = 0; open.length > 0 && turn < CLOSING_TURNS; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      open = openBelow(folder.path);
    }
    process.off('warning', onWarning);
    expect([...open, ...collected], 'left open').toEqual([]);
    rmSync(folder.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });
  return folder;
}

/** Files and folders below `folder` that this process has open, as far as the system tells. */
export function openBelow(folder: string): string[] {
  const descriptors = '/proc/self/fd';
  if (!existsSync(descriptors)) return [];
  return readdirSync(descriptors).flatMap((descriptor) => {
    try {
      const path = readlinkSync(join(descriptors, descriptor));
      return path.startsWith(`${folder}/`) || path === folder ? [path] : [];
    } catch {
      return []; // closed meanwhile, as the one that has read this folder
    }
  });
}

export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * The real disk, noting each call that changes something; `interfere` is asked before each, with the path
 * where that is of an open file, and may
 * throw in its place.
 */
export function recordingFiles(
  log: string[],
  interfere: (call: string, path?: string) => void | Promise<void> = () => undefined,
): DiskFiles {
  const note = async (call: string, path?: string): Promise<void> => {
    await interfere(call, path);
    log.push(call);
  };
  const watch = (handle: DiskHandle, what: string, path: string): DiskHandle =>
    new Proxy(handle, {
      get(target, key): unknown {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== 'function') return member;
        return async (...parameters: unknown[]): Promise<unknown> => {
          await note(`${String(key)} ${what}`, path);
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
        : watch(await diskFiles.open(path, flags, mode), what, path);
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
