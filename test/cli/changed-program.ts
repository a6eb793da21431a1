import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { buildUpd } from '../program/build.ts';

const top = resolve(import.meta.dirname, '../..');

/** One expression in a file of `src`, which stands there once, and what takes its place. */
export type ProgramChange = readonly [file: string, was: string, is: string];

/** A stall is told after 5 s; a test does not wait so long. */
const SHORT_STALL = ['MIN_STALL_US = 5_000_000', 'MIN_STALL_US = 300_000'] as const;
export const impatient: readonly ProgramChange[] = [
  ['transfer/core/connection/liveness.ts', ...SHORT_STALL],
  ['transfer/files/progress-meter.ts', ...SHORT_STALL],
];

/** Whoever closes waits for a peer that answers nothing, longer than any test. */
export const lingering: readonly ProgramChange[] = [
  [
    'transfer/core/connection/closing.ts',
    'MIN_LINGER_US = 1_000_000',
    'MIN_LINGER_US = 600_000_000',
  ],
  [
    'transfer/io/udp/endpoint-sockets.ts',
    'MAX_CLOSE_WAIT_MS = 6_000',
    'MAX_CLOSE_WAIT_MS = 600_000',
  ],
  [
    'transfer/io/engine/threaded-endpoint.ts',
    'MAX_THREAD_CLOSE_MS = 10_000',
    'MAX_THREAD_CLOSE_MS = 600_000',
  ],
];

/** `upd`, compiled, with some expressions changed: one that lies, or has no patience. */
export function changedProgram(...changes: readonly ProgramChange[]): string {
  const folder = temporaryFolder();
  const source = join(folder, 'src');
  cpSync(join(top, 'src'), source, { recursive: true });
  for (const [file, was, is] of changes) {
    const path = join(source, file);
    const text = readFileSync(path, 'utf8');
    expect(text.split(was)).toHaveLength(2);
    writeFileSync(path, text.replace(was, is));
  }
  return buildUpd(folder, source);
}
