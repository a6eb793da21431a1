import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, inject } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';

/** One expression in a file of `src`, which stands there once, and what takes its place. */
export type ProgramChange = readonly [file: string, was: string, is: string];

/** A stall is told after 5 s; a test does not wait so long. */
const SHORT_STALL = ['MIN_STALL_US = 5_000_000', 'MIN_STALL_US = 300_000'] as const;
export const impatient: readonly ProgramChange[] = [
  ['transfer/core/connection/liveness.ts', ...SHORT_STALL],
  ['transfer/files/progress-meter.ts', ...SHORT_STALL],
];

/** `upd`, compiled, with some expressions changed: one that lies, or has no patience. */
export function changedProgram(...changes: readonly ProgramChange[]): string {
  const built = resolve(dirname(inject('upd')), '../..');
  const folder = temporaryFolder();
  cpSync(join(built, 'dist'), join(folder, 'dist'), { recursive: true });
  for (const name of ['package.json', 'node_modules']) {
    symlinkSync(join(built, name), join(folder, name));
  }
  for (const [file, was, is] of changes) {
    const path = join(folder, 'dist', file.replace(/\.ts$/, '.js'));
    const text = readFileSync(path, 'utf8');
    expect(text.split(was)).toHaveLength(2);
    writeFileSync(path, text.replace(was, is));
  }
  return join(folder, 'dist/cli/upd.js');
}
