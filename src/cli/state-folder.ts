import { homedir, userInfo } from 'node:os';
import { posix, win32 } from 'node:path';

/** Of this process. */
export function ownStateFolder(): string {
  return stateFolder(process.env, process.platform, [homedir, () => userInfo().homedir]);
}

/**
 * Where a program keeps what must outlive its runs: `$XDG_STATE_HOME/updraft`, by default
 * `~/.local/state/updraft` (XDG base directory specification), on Windows `%LOCALAPPDATA%\updraft`.
 * `homes` are asked in turn for the user's folder.
 */
export function stateFolder(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  homes: readonly (() => string)[],
): string {
  const rules = platform === 'win32' ? win32 : posix;
  const candidates = [
    environment['XDG_STATE_HOME'],
    platform === 'win32' ? environment['LOCALAPPDATA'] : undefined,
  ];
  // The specification: a path that is not absolute is no setting.
  const chosen = candidates.find((path) => path !== undefined && rules.isAbsolute(path));
  if (chosen !== undefined) return rules.join(chosen, 'updraft');
  let home = '';
  // `HOME=` is no folder either: it would be whichever folder the program is started in.
  for (const read of homes) if (!rules.isAbsolute(home)) home = read();
  const usual = platform === 'win32' ? ['AppData', 'Local'] : ['.local', 'state'];
  return rules.join(home, ...usual, 'updraft');
}
