import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Runs a script of this folder in a process of its own and returns the JSON that it printed. */
export function runScript(script: string, args: readonly string[]): unknown {
  const path = join(import.meta.dirname, script);
  const command = ['--import', 'tsx', path, ...args];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' }));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
