import { constants } from 'node:fs';
import { link, mkdtemp, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MAX_TRIAL_MS } from './judge-disk.ts';
import type { DiskFacts, StepError } from './local-facts.ts';

/** What is written and synced. */
const SYNC_TRIAL_BYTES = 65_536;

/**
 * Tries what a receive does in `folder`: in a folder of its own, which it removes again. It ends in
 * any case; a disk that does not answer is told as stuck, and the process may have to be ended by force.
 */
export async function tryDisk(folder: string): Promise<DiskFacts> {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<DiskFacts>((done) => {
    timer = setTimeout(() => {
      done({ ...nothingKnown(folder), isStuck: true });
    }, MAX_TRIAL_MS);
  });
  try {
    return await Promise.race([trial(folder), stuck]);
  } finally {
    clearTimeout(timer);
  }
}

function nothingKnown(folder: string): DiskFacts {
  return {
    folder: resolve(folder),
    isStuck: false,
    isFolder: false,
    freeBytes: undefined,
    totalBytes: undefined,
    write: undefined,
    fsync: undefined,
    syncMs: undefined,
    rename: undefined,
    link: undefined,
  };
}

async function trial(folder: string): Promise<DiskFacts> {
  const unknown = nothingKnown(folder);
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) return unknown;
  const room = await statfs(folder).then(
    ({ bavail, blocks, bsize }) => ({ freeBytes: bavail * bsize, totalBytes: blocks * bsize }),
    () => ({}),
  );
  const known = { ...unknown, ...room, isFolder };
  let own: string | undefined;
  try {
    own = await mkdtemp(join(folder, '.updraft-doctor-'));
    return { ...known, ...(await steps(own)) };
  } catch (error) {
    return { ...known, write: codeOf(error) };
  } finally {
    if (own !== undefined) await rm(own, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Rejects when not even a file can be written. */
async function steps(
  own: string,
): Promise<Pick<DiskFacts, 'fsync' | 'syncMs' | 'rename' | 'link'>> {
  const path = join(own, 'trial.part');
  const handle = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
  let fsync: StepError;
  let syncMs: number | undefined;
  try {
    await handle.write(new Uint8Array(SYNC_TRIAL_BYTES));
    const startMs = performance.now();
    fsync = await outcomeOf(handle.sync());
    if (fsync === undefined) syncMs = performance.now() - startMs;
  } finally {
    await handle.close();
  }
  const linked = await outcomeOf(link(path, join(own, 'linked')));
  const renamed = await outcomeOf(rename(path, join(own, 'trial')));
  return { fsync, syncMs, rename: renamed, link: linked };
}

function outcomeOf(step: Promise<void>): Promise<StepError> {
  return step.then(() => undefined, codeOf);
}

function codeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
