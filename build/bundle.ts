import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

/** What a process, a library's user or a thread starts with; `src/cli/upd.ts` becomes `upd.js`. */
const ENTRIES = [
  'cli/upd',
  'transfer/index',
  'transfer/io/engine/engine-worker',
  'transfer/io/trace/trace-worker',
  'transfer/io/disk/whole-file-worker',
  'bench/link-worker',
];

/**
 * Compiles the program whose source is in `source` into `target`, which is made anew, without a check of
 * types. Each entry becomes one file, beside those that hold what it shares with others: Node reads and links
 * a file much faster than the two hundred modules that it is made of. All lie in one folder, so that a thread's
 * entry is found from wherever it is started. Packages stay where they are.
 */
export function bundle(source: string, target: string): void {
  rmSync(target, { recursive: true, force: true });
  buildSync({
    entryPoints: ENTRIES.map((entry) => join(source, `${entry}.ts`)),
    entryNames: '[name]',
    outdir: target,
    absWorkingDir: resolve(import.meta.dirname, '..'),
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  });
}
