import { basename, resolve } from 'node:path';
import type { TransferResult } from '../transfer/index.ts';

/**
 * Which of the paths that were sent lack something, so that sending these again brings only what is
 * missing: what a receiver has of a folder it knows. What it has by that name already is not missing.
 * Undefined when that cannot be told: not every failure is listed, or paths share a name.
 */
export function missingPaths(
  paths: readonly string[],
  { failures, failedCount }: Pick<TransferResult, 'failures' | 'failedCount'>,
): readonly string[] | undefined {
  if (failedCount > failures.length) return undefined;
  const names = paths.map(offeredName);
  if (new Set(names).size < names.length) return undefined;
  const missing = failures.filter(({ code }) => code !== 'exists');
  const lacking = new Set(missing.map(({ name }) => name.split('/', 1)[0]!));
  const found = paths.filter((_, index) => lacking.has(names[index]!));
  return found.length === lacking.size ? found : undefined;
}

/** As the engine offers it. */
function offeredName(path: string): string {
  return (basename(resolve(path)) || 'root').normalize('NFC');
}
