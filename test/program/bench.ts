import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { inject } from 'vitest';

/** Runs a bench, named as `loopback/crowd`, compiled; gives what it printed, without the last end of line. */
export function runBench(name: string, ...args: readonly string[]): string {
  const command = [join(inject('benches'), `${name}.js`), ...args];
  const options = { encoding: 'utf8', timeout: 110_000 } as const;
  return execFileSync(process.execPath, command, options).trimEnd();
}

/** Path of a side of a test, named as `loopback/mtu-peer`, compiled. */
export function sideScript(name: string): string {
  return join(inject('benches'), '../test', `${name}.js`);
}
