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

/** What results depend on. */
const MEASURED = [':/src', ':/test/sim', ':/bench/simulated'];

export function readEnvironment(): Environment {
  return {
    commit: git('rev-parse', 'HEAD'),
    isDirty: git('status', '--porcelain', '--', ...MEASURED) !== '',
    node: process.version,
    cpu: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  };
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname }).trim();
}
