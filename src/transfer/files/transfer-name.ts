import { basename, resolve } from 'node:path';

/** Under which name a path is offered: its base name, and that of the folder which `.` or `..` is. */
export function sentName(path: string): string {
  return (basename(resolve(path)) || 'root').normalize('NFC');
}

/** How a transfer of these paths is called: the name of the first, and how many more there are. */
export function nameOfPaths(paths: readonly string[]): string {
  return transferName(sentName(paths[0] ?? ''), paths.length);
}

export function transferName(firstName: string, itemCount: number): string {
  return itemCount > 1 ? `${firstName} and ${itemCount - 1} more` : firstName;
}
