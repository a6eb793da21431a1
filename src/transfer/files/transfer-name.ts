import { basename } from 'node:path';

/** How a transfer of these paths is called: the first base name, and how many more there are. */
export function nameOfPaths(paths: readonly string[]): string {
  return transferName(basename(paths[0] ?? '').normalize('NFC'), paths.length);
}

export function transferName(firstName: string, itemCount: number): string {
  return itemCount > 1 ? `${firstName} and ${itemCount - 1} more` : firstName;
}
