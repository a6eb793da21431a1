import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { bundle } from '../../build/bundle.ts';

const TOP = resolve(import.meta.dirname, '../..');
/** Folders of scripts that run in processes of their own, and whose speed is measured. */
const BENCHES = ['bench/chat', 'bench/loopback', 'bench/micro', 'bench/peers'];
/** Sides of tests that are processes of their own. */
const SIDES = ['mtu-peer', 'open-and-close', 'slow-interface-peer'].map(
  (name) => `test/loopback/${name}.ts`,
);
const RELATIVE_IMPORT = /(?:from |import |import\()'(\.[^']+\.ts)'/g;

/**
 * Compiles the program into `folder`, without a check of types: in a second, and no build can be out of
 * date. Gives the path of `upd`, which starts six times as fast as by a loader.
 */
export function buildUpd(folder: string, source: string = join(TOP, 'src')): string {
  bundle(source, join(folder, 'dist/program'));
  for (const name of ['package.json', 'node_modules'])
    symlinkSync(join(TOP, name), join(folder, name));
  return join(folder, 'dist/program/upd.js');
}

/**
 * Compiles the benches and the sides of tests, and what they import of source and tests, into `folder`, module by
 * module; what they import as `updraft` is what `buildUpd` has made there. Gives their folder.
 */
export function buildBenches(folder: string): string {
  const compile = compiler();
  const benches = BENCHES.flatMap((bench) => scriptsIn(bench).map((name) => join(bench, name)));
  // Those of threads are imported by no name that can be read here.
  const wanted = [...benches, ...SIDES, ...scriptsIn('src').map((name) => join('src', name))];
  const seen = new Set(wanted);
  for (const name of seen) {
    const source = compile(name, join(folder, name));
    for (const [, imported] of source.matchAll(RELATIVE_IMPORT)) {
      seen.add(relative(TOP, resolve(TOP, dirname(name), imported!)));
    }
  }
  return join(folder, 'bench');
}

function scriptsIn(folder: string): string[] {
  return readdirSync(join(TOP, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
}

/** Takes a script's name and where it goes, with the ending of a source; gives the source. */
function compiler(): (name: string, target: string) => string {
  const { config } = ts.readConfigFile(join(TOP, 'tsconfig.json'), (path) =>
    ts.sys.readFile(path),
  ) as {
    config: { compilerOptions: Record<string, unknown> };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, TOP);
  const compilerOptions: ts.CompilerOptions = {
    ...options,
    module: ts.ModuleKind.ESNext,
    noEmit: false,
    declaration: false,
    isolatedDeclarations: false,
  };
  return (name, target) => {
    const source = readFileSync(join(TOP, name), 'utf8');
    const { outputText } = ts.transpileModule(source, { compilerOptions, fileName: name });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(`${target.slice(0, -3)}.js`, outputText);
    return source;
  };
}
