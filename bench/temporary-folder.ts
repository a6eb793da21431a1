import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** On tmpfs, where there is one: no disk is measured. */
export function memoryFolder(): string {
  return temporaryFolder(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
}

/** A folder that goes with this process, however it ends but by SIGKILL. */
export function temporaryFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, 'updraft-'));
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  return folder;
}
