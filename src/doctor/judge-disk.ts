import { exitCodes } from '../report/exit-codes.ts';
import { formatBytes, formatDuration } from '../text/measures.ts';
import { safeLine, safeText, type SafeText } from '../text/safe-text.ts';
import { KEPT_FREE_SHARE } from '../transfer/diagnosis.ts';
import { type Finding, note, ok, problem } from './finding.ts';
import type { DiskFacts } from './local-facts.ts';

/** How long the whole trial may take; a disk that is slower (a network drive that is gone) is stuck. */
export const MAX_TRIAL_MS = 10_000;
/** A sync ends each file, so that many small ones take as long as their syncs. */
const SLOW_SYNC_MS = 200;
const PERCENT = 100;

/** Whether what is received can be stored in that folder, and safely. */
export function judgeDisk(disk: DiskFacts): Finding {
  const { folder, freeBytes, totalBytes, syncMs } = disk;
  const facts = {
    folder,
    freeBytes,
    totalBytes,
    syncMs,
    canRename: disk.rename === undefined,
    canLink: disk.link === undefined,
  };
  const broken = brokenDisk(disk);
  if (broken !== undefined) {
    const { exitCode, text, step } = broken;
    return problem('disk', exitCode, text, [step], facts);
  }
  const free = freeBytes === undefined ? 'room unknown' : `${formatBytes(freeBytes)} free`;
  if (isNearlyFull(disk)) {
    const share = safeLine`${KEPT_FREE_SHARE * PERCENT} %`;
    const text = safeLine`${folder}: ${free}, less than the ${share} that stay free: what is received pauses at once`;
    const step = safeText('make room, receive into another folder, or give --max-size');
    return problem('disk', exitCodes.noSpace, text, [step], facts);
  }
  const took = safeLine`a sync takes ${(syncMs ?? 0).toFixed(1)} ms`;
  if (syncMs !== undefined && syncMs > SLOW_SYNC_MS) {
    const text = safeLine`${folder}: ${free}, but ${took}: each file waits for one or more before it counts as delivered`;
    const step = safeText('a local disk is faster; of many small files send the folder, not each');
    return note('disk', text, [step], facts);
  }
  const link = disk.link === undefined ? 'rename, link and fsync work' : 'rename and fsync work';
  const without = disk.link === undefined ? '' : ' (no hard links here; nothing needs them)';
  return ok('disk', safeLine`${folder}: ${free}, ${link}${without}, ${took}`, facts);
}

function isNearlyFull({ freeBytes, totalBytes }: DiskFacts): boolean {
  if (freeBytes === undefined || totalBytes === undefined) return false;
  return freeBytes <= totalBytes * KEPT_FREE_SHARE;
}

interface Broken {
  readonly exitCode: number;
  readonly text: SafeText;
  readonly step: SafeText;
}

/** What keeps every file from being stored there. */
function brokenDisk(disk: DiskFacts): Broken | undefined {
  const { folder, write, fsync, rename } = disk;
  const exitCode = exitCodes.localFile;
  if (disk.isStuck) {
    const text = safeLine`${folder}: the disk has not answered for ${formatDuration(MAX_TRIAL_MS)}`;
    const step = safeText('if it is a network drive, see whether its server is there');
    return { exitCode, text, step };
  }
  if (!disk.isFolder) {
    const text = safeLine`${folder} is not a folder`;
    return { exitCode, text, step: safeText('make it first, or name another with --dir') };
  }
  if (write !== undefined) {
    const isFull = write === 'ENOSPC' || write === 'EDQUOT';
    const text = safeLine`${folder}: no file can be written there (${write})`;
    const step = isFull ? MAKE_ROOM : (WRITE_STEPS[write] ?? ANOTHER_FOLDER);
    return { exitCode: isFull ? exitCodes.noSpace : exitCode, text, step };
  }
  if (fsync !== undefined) {
    const text = safeLine`${folder}: fsync fails (${fsync}), so nothing can be called delivered there`;
    return { exitCode, text, step: ANOTHER_FOLDER };
  }
  if (rename !== undefined) {
    const text = safeLine`${folder}: rename fails (${rename}), so no file gets its name there`;
    return { exitCode, text, step: ANOTHER_FOLDER };
  }
  return undefined;
}

const ANOTHER_FOLDER = safeText('receive into a folder on another disk (--dir, --inbox)');
const MAKE_ROOM = safeText('make room, or receive into a folder on another disk (--dir, --inbox)');
const WRITE_STEPS: Readonly<Record<string, SafeText>> = {
  EACCES: safeText('receive into a folder of this user (--dir, --inbox), or change its mode'),
  EPERM: safeText('receive into a folder of this user (--dir, --inbox), or change its mode'),
  EROFS: safeText('the disk is mounted read-only: mount it for writing, or take another folder'),
};
