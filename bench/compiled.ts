import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

let built: string | undefined;

/**
 * Path of a script of the benches, named as `loopback/transfer-once.ts`, compiled with the engine it
 * measures from the source as it is now: no loader takes part in time and memory, and no build can be
 * out of date. A bench that runs compiled itself has the others beside it.
 */
export function compiledScript(name: string): string {
  built ??= import.meta.filename.endsWith('.js') ? import.meta.dirname : build();
  return join(built, name.replace(/\.ts$/, '.js'));
}

function build(): string {
  const folder = temporaryFolder(tmpdir());
  const script = join(import.meta.dirname, 'compile.ts');
  execFileSync(process.execPath, ['--import', 'tsx', script, folder], { stdio: 'inherit' });
  return join(folder, 'bench');
}
