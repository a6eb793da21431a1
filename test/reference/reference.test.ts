import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { makeProgram } from '../../src/cli/program.ts';
import { bashCompletion } from '../../src/cli/reference/bash-completion.ts';
import {
  allCommands,
  type CommandEntry,
  commandTableOf,
  type FlagEntry,
  HELP_COLUMNS,
} from '../../src/cli/reference/command-table.ts';
import { commandsPage } from '../../src/cli/reference/commands-page.ts';
import { fishCompletion } from '../../src/cli/reference/fish-completion.ts';
import { manPage } from '../../src/cli/reference/man-page.ts';
import { zshCompletion } from '../../src/cli/reference/zsh-completion.ts';

const TOP = resolve(import.meta.dirname, '../..');
const program = makeProgram();
const table = commandTableOf(program);
const commands = allCommands(table);
const man = manPage(table, program.version()!);

/** The part of a script that is about one command, where it has one. */
type PartOf = (script: string, command: CommandEntry) => string;

const bashPart: PartOf = (script, { path }) =>
  script.split('\n').find((line) => line.startsWith(`    '${path}') words=`)) ?? '';
const zshPart: PartOf = (script, { path }) =>
  script.split(`\n_${path.replaceAll(' ', '_')}() {`)[1]!.split('\n}')[0]!;
const fishPart: PartOf = (script, { path }) =>
  script
    .split('\n')
    .filter((line) => line.includes(`'__upd_is ${path}'`))
    .join('\n');

test.each([
  [
    'bash',
    bashCompletion,
    bashPart,
    (spelling: string) => spelling,
    (path: string, name: string) => new RegExp(`'${path} 0'.*words='[^']*(?<![\\w-])${name}[ ']`),
  ],
  [
    'zsh',
    zshCompletion,
    zshPart,
    (spelling: string) => spelling,
    (path: string, name: string) =>
      new RegExp(`\n_${path.replaceAll(' ', '_')}\\(\\)[^}]*\n    '${name}:`),
  ],
  [
    'fish',
    fishCompletion,
    fishPart,
    (spelling: string) => spelling.replace(/^--/, '-l ').replace(/^-(?=.$)/, '-s '),
    (path: string, name: string) => new RegExp(`'__upd_is ${path}' -a '${name}' `),
  ],
] as const)(
  'every command and flag of upd stands in the script for %s, at its place',
  (_shell, scriptOf, partOf, written, offered) => {
    const script = scriptOf(table);
    expect(commands.length).toBeGreaterThan(8);
    for (const command of commands) {
      const part = partOf(script, command);
      for (const spelling of command.flags.flatMap((flag) => flag.spellings)) {
        const found = new RegExp(`(?<![\\w-])${written(spelling)}(?![\\w-])`);
        expect(part, command.path).toMatch(found);
      }
      for (const { name } of command.parts) {
        expect(script).toMatch(offered(command.path, name));
      }
    }
  },
);

test('a flag is what commander knows of it, and one of the command above holds below it too', () => {
  const flagOf = (path: string, spelling: string): FlagEntry | undefined =>
    commands
      .find((command) => command.path === path)!
      .flags.find(({ spellings }) => spellings.includes(spelling));
  expect(flagOf('upd send', '--congestion')!.value!.completed).toEqual([
    'bbr',
    'cubic',
    'ledbat',
    'fixed',
  ]);
  expect(flagOf('upd partials remove', '--dir')!.value).toEqual({
    name: 'folder',
    completed: 'folders',
  });
  expect(flagOf('upd send', '--receipt')!.value!.completed).toBe('files');
  expect(flagOf('upd send', '--rate')!.value!.completed).toBe('nothing');
  expect(flagOf('upd send', '--json')!.value).toBeUndefined();
  expect(flagOf('upd send', '-h')!.spellings).toEqual(['-h', '--help']);
});

const withHelp = commands.filter(({ flags }) => flags.length > 0);

test.each(withHelp)(
  'the help of $path leads with examples and stays within 80 columns',
  ({ help, path, examples }) => {
    expect(help).toMatch(/^Examples?:\n  /);
    expect(examples.join('\n')).toContain(path === 'upd' ? 'upd ' : path);
    const tooLong = help.split('\n').filter((line) => line.length > HELP_COLUMNS);
    expect(tooLong).toEqual([]);
  },
);

test.each(withHelp)('docs/upd.1 tells $path with all its flags', ({ path, flags }) => {
  const shown = (text: string): string => text.replaceAll('-', '\\-');
  expect(man).toContain(shown(path));
  for (const { spellings } of flags) expect(man).toContain(shown(spellings.join(', ')));
});

test('docs/upd.1 and docs/commands.md are what `npm run man` writes now', () => {
  const kept = (name: string): string => readFileSync(join(TOP, 'docs', name), 'utf8');
  const stale = 'a command or a flag has changed: run `npm run man` and commit what it writes';
  expect(kept('upd.1'), stale).toBe(man);
  expect(kept('commands.md'), stale).toBe(commandsPage(table));
  expect(readFileSync(join(TOP, 'README.md'), 'utf8')).toContain('(docs/commands.md)');
});

const HAS_GROFF = spawnSync('groff', ['-v']).status === 0;

test(`roff finds nothing to warn of in the page ${HAS_GROFF ? '' : '(groff is missing: only its lines are looked at)'}`, () => {
  // Anything but printable ASCII would depend on the encoding of whoever reads it.
  expect(man).toMatch(/^[\x20-\x7e\n]+$/);
  for (const line of man.split('\n'))
    expect(line).toMatch(/^(?!['.])|^\.(TH|SH|SS|TP|PP|B|I|br|nf|fi)\b/);
  if (!HAS_GROFF) return;
  const { stdout, stderr } = spawnSync('groff', ['-ww', '-man', '-Tutf8'], {
    input: man,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(stdout).toContain('upd send movie.mp4 --to upd1…');
});

test.each([
  [['fly'], "unknown command 'fly'", 'upd --help'],
  [['sent'], 'Did you mean send?', 'upd --help'],
  [['send'], "missing required argument 'path'", 'upd send --help'],
  [['send', '--tp', 'x'], "unknown option '--tp'", 'upd send --help'],
  [
    ['partials', 'remove', '--older-than', 'x'],
    'is an integer from 0 to',
    'upd partials remove --help',
  ],
  [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish', 'upd completion --help'],
])('upd %j: the reason, the usage, and which help has more', async (args, reason, next) => {
  let errors = '';
  const tried = makeProgram();
  for (const command of [
    tried,
    ...tried.commands,
    ...tried.commands.flatMap((part) => part.commands),
  ]) {
    command.configureOutput({ writeErr: (text) => (errors += text) });
  }
  await expect(tried.parseAsync(args, { from: 'user' })).rejects.toMatchObject({ exitCode: 1 });
  expect(errors).toContain(reason);
  expect(errors).toContain(`\nUsage: ${next.replace(' --help', '')} `);
  expect(errors.endsWith(`\nExamples and options: ${next}\n`)).toBe(true);
});
