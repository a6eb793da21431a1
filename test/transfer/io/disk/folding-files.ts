import { basename, dirname, join } from 'node:path';
import { type DiskFiles, diskFiles } from '../../../../src/transfer/io/disk/disk-files.ts';

export type FoldingDisk = 'macOS' | 'Windows';

/**
 * The real disk with the names of another system: `a` and `A` are one file there. A disk of macOS also takes
 * composed and decomposed characters for the same, and (HFS+) tells them decomposed, whatever it was given.
 */
export function foldingFiles(disk: FoldingDisk): DiskFiles {
  const isMac = disk === 'macOS';
  const fold = (name: string): string => (isMac ? name.normalize('NFD') : name).toLowerCase();
  /** The name under which something of this name is there, or would be made. */
  const known = async (path: string): Promise<string> => {
    const folder = dirname(path);
    if (folder === path) return path;
    const parent = await known(folder);
    const name = basename(path);
    const names = await diskFiles.readdir(parent).catch(() => []);
    const found = names.find((other) => fold(other) === fold(name));
    return join(parent, found ?? (isMac ? name.normalize('NFD') : name));
  };
  // What such a disk does is one step: nobody takes a name between the look and the call.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(call: () => Promise<Result>): Promise<Result> => {
    const turn = last.then(call);
    last = turn.catch(() => undefined);
    return turn;
  };
  const at = <Result>(path: string, call: (known: string) => Promise<Result>): Promise<Result> =>
    inTurn(async () => call(await known(path)));
  return {
    open: (path, flags, mode) => at(path, (found) => diskFiles.open(found, flags, mode)),
    link: (from, to) => inTurn(async () => diskFiles.link(await known(from), await known(to))),
    lstat: (path, options) => at(path, (found) => diskFiles.lstat(found, options)),
    mkdir: (path, mode) => at(path, (found) => diskFiles.mkdir(found, mode)),
    readdir: (path) => at(path, (found) => diskFiles.readdir(found)),
    rename: (from, to) => inTurn(async () => diskFiles.rename(await known(from), await known(to))),
    rmdir: (path) => at(path, (found) => diskFiles.rmdir(found)),
    statfs: diskFiles.statfs,
    unlink: (path) => at(path, (found) => diskFiles.unlink(found)),
  };
}
