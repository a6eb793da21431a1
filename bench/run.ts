/** `tsx bench/run.ts NAME ARGS…`: a script of the benches, as `loopback/sparse-once`, compiled. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { compiledScript } from './compiled.ts';

const [name = '', ...args] = process.argv.slice(2);
const script = compiledScript(`${name}.ts`);
if (!existsSync(script)) {
  console.error(`There is no bench ${name}: NAME is as loopback/sparse-once.`);
  process.exit(2);
}
const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
process.exitCode = status ?? 1;
