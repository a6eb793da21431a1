import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of programs; throws which are missing, and who has them. */
export function found(names: readonly string[], from: string): string[] {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin'];
  const paths = names.map((name) =>
    folders.map((folder) => join(folder, name)).find((path) => existsSync(path)),
  );
  const missing = names.filter((_, index) => paths[index] === undefined);
  if (missing.length > 0) throw new Error(`no ${missing.join(', no ')} here (${from})`);
  return paths as string[];
}
