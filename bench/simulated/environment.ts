import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Where results come from: all but times are the same wherever the commit is. */
export interface Environment {
  readonly commit: string;
  /** There were changes that are in no commit: the results are nobody's. */
  readonly isDirty: boolean;
  readonly node: string;
  readonly cpu: string;
}

/** What results of virtual time depend on. */
const MEASURED = ['src', 'test/sim', 'bench/simulated'];

/** @param measured folders of the project that results depend on */
export function readEnvironment(measured: readonly string[] = MEASURED): Environment {
  const folders = measured.map((folder) => `:/${folder}`);
  return {
    commit: git('rev-parse', 'HEAD') ?? 'unknown',
    isDirty: git('status', '--porcelain', '--', ...folders) !== '',
    node: process.version,
    cpu: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  };
}

/** Undefined where the program is no working copy. */
function git(...args: string[]): string | undefined {
  try {
    const options = { encoding: 'utf8', cwd: import.meta.dirname, stdio: 'pipe' } as const;
    return execFileSync('git', args, options).trim();
  } catch {
    return undefined;
  }
}
