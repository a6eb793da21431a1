import { execFileSync } from 'node:child_process';
import { compiledScript } from '../compiled.ts';

/** Runs a script of this folder, compiled, in a process of its own and returns the JSON that it printed. */
export function runScript(
  script: string,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): unknown {
  const command = [...nodeArgs, compiledScript(`loopback/${script}`), ...args];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' }));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
