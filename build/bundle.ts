import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

/** What a process or a thread starts with; its place under `src` is its place under `dist`. */
const ENTRIES = [
  'cli/upd',
  'transfer/index',
  'transfer/io/engine-worker',
  'transfer/io/trace-worker',
  'transfer/io/whole-file-worker',
];
/** What entries share lies beside the threads' entries, which are found from there. */
const SHARED = 'transfer/io/[name]-[hash]';

/**
 * Compiles the program whose source is in `source` into `target`, which is made anew, without a check of
 * types. Each entry becomes one file, with one more for what it shares with others: Node reads and links a
 * file much faster than the two hundred modules that it is made of. Packages stay where they are.
 */
export function bundle(source: string, target: string): void {
  rmSync(target, { recursive: true, force: true });
  buildSync({
    entryPoints: ENTRIES.map((entry) => ({ in: join(source, `${entry}.ts`), out: entry })),
    outdir: target,
    absWorkingDir: resolve(import.meta.dirname, '..'),
    bundle: true,
    splitting: true,
    chunkNames: SHARED,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  });
}
