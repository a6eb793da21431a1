import { nameOf } from './core/command.ts';
import { type Completion, completionOf } from './core/completion.ts';
import { lastShellWord, shellWord } from './core/shell-words.ts';
import { namesInFolder } from './io/folder-names.ts';
import { safeText } from '../text/safe-text.ts';

/** How a line may go on: with a command, a user, or behind the user of an UPD with a file. */
export async function completeLine(line: string, users: readonly string[]): Promise<Completion> {
  const [, command, rest] = /^ *(\S+) (.*)$/su.exec(line) ?? [];
  if (command === undefined || nameOf(command) !== 'UPD') return completionOf(line, users);
  const { index, text, typed, quote } = lastShellWord(rest!);
  if (index === 0) return completionOf(line, users);
  const folder = text.slice(0, text.lastIndexOf('/') + 1);
  const found = await namesInFolder(folder === '' ? '.' : folder, text.slice(folder.length));
  // A name that a terminal would not show as it is must be typed.
  const names = found.filter(({ name }) => safeText(name) === name);
  const ends = names.map(({ name, isFolder }) => (isFolder ? `${name}/` : name));
  return {
    words: ends.map((end) => shellWord(folder + end, quote, !end.endsWith('/'))),
    labels: ends,
    typed,
  };
}
