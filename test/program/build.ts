import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

const TOP = resolve(import.meta.dirname, '../..');

/**
 * Compiles the source into `folder`, without a check of types: in two seconds, and no build can be out of
 * date. Gives the path of `upd`, which starts four times as fast as by a loader.
 */
export function buildUpd(folder: string): string {
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
  for (const name of readdirSync(join(TOP, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const source = readFileSync(join(TOP, 'src', name), 'utf8');
    const { outputText } = ts.transpileModule(source, { compilerOptions, fileName: name });
    const target = join(folder, 'dist', `${name.slice(0, -3)}.js`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  for (const name of ['package.json', 'node_modules'])
    symlinkSync(join(TOP, name), join(folder, name));
  return join(folder, 'dist/cli/upd.js');
}
