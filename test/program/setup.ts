import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildBenches, buildUpd } from './build.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of `upd`, compiled from the source when the tests began. */
    readonly upd: string;
    /** Folder of the benches, compiled likewise; beside it lie the sides of tests. */
    readonly benches: string;
  }
}

/**
 * Compiles `upd` and the benches once for all tests that start processes. Run from the source by a loader, each process
 * took 1.8 s of CPU to start, and each of its threads about as much again; compiled, 0.15 s.
 */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'updraft-program-'));
  // Some tests run it as a user who owns nothing.
  chmodSync(folder, 0o755);
  project.provide('upd', buildUpd(folder));
  project.provide('benches', buildBenches(folder));
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
