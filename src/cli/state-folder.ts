import { posix, win32 } from 'node:path';

/**
 * Where a program keeps what must outlive its runs: `$XDG_STATE_HOME/updraft`, by default
 * `~/.local/state/updraft` (XDG base directory specification), on Windows `%LOCALAPPDATA%\updraft`.
 */
export function stateFolder(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: string,
): string {
  const rules = platform === 'win32' ? win32 : posix;
  const candidates = [
    environment['XDG_STATE_HOME'],
    platform === 'win32' ? environment['LOCALAPPDATA'] : undefined,
  ];
  // The specification: a path that is not absolute is no setting.
  const chosen = candidates.find((path) => path !== undefined && rules.isAbsolute(path));
  const usual = platform === 'win32' ? ['AppData', 'Local'] : ['.local', 'state'];
  return rules.join(chosen ?? rules.join(home, ...usual), 'updraft');
}
