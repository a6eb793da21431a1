import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { makeProgram } from '../../src/cli/program.ts';
import { commandTableOf } from '../../src/cli/reference/command-table.ts';
import { fishCompletion } from '../../src/cli/reference/fish-completion.ts';
import { zshCompletion } from '../../src/cli/reference/zsh-completion.ts';
import { UPD } from './upd-process.ts';

const table = commandTableOf(makeProgram());
/** A folder with names to complete. */

function sampleFolder(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'holiday photos'));
  writeFileSync(join(folder, 'holiday.mp4'), '');
  return folder;
}

/** Words typed so far, and what each shell must offer for the last one. */
const cases: readonly (readonly [typed: readonly string[], offered: readonly string[]])[] = [
  [['se'], ['send', 'server']],
  [['partials', 're'], ['remove']],
  [['partials', '--dir', 'remove', 're'], ['remove']],
  [
    ['completion', ''],
    ['bash', 'fish', 'zsh'],
  ],
  [['help', 'rec'], ['receive']],
  [['server', '8000', '3', '--b'], ['--block-seconds']],
  [['partials', 'remove', 'x', '--o'], ['--older-than']],
  [['partials', 'remove', '--d'], ['--dir']],
  [['send', 'a', '--congestion', 'c'], ['cubic']],
  [['send', '--rate', ''], []],
  [
    ['send', 'a', '--rate', '10M', 'holiday'],
    ['holiday photos', 'holiday.mp4'],
  ],
  [['receive', '--dir', 'hol'], ['holiday photos']],
  [['send', '--', '--re'], []],
];

test('bash completes commands, flags, choices, files and folders with what upd completion bash prints', () => {
  const script = execFileSync(process.execPath, [...UPD, 'completion', 'bash'], {
    encoding: 'utf8',
  });
  const tried = [
    ...cases,
    // readline parts words at =.
    [['send', '--congestion', '=', 'led'], ['ledbat']],
    [
      ['send', '--congestion', '='],
      ['bbr', 'cubic', 'fixed', 'ledbat'],
    ],
  ] as const;
  const program = `set -u\n${script}
    ${tried.map(([typed]) => `COMP_WORDS=(upd ${typed.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${typed.length}; _upd; printf '%s\\n' "\${COMPREPLY[@]-}" | sort; echo ==`).join('\n')}
    complete -p upd`;
  const { stdout, stderr } = spawnSync('bash', ['-c', program], {
    cwd: sampleFolder(),
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const offered = stdout.split('==\n');
  expect(stderr).toBe('');
  expect(offered.pop()).toBe('complete -F _upd upd\n');
  expect(offered.map((words) => words.split('\n').filter((word) => word !== ''))).toEqual(
    tried.map(([, words]) => words),
  );
});

const HAS_FISH = spawnSync('fish', ['--version']).status === 0;

test.runIf(HAS_FISH)('fish completes the same (left out where fish is missing)', () => {
  const folder = sampleFolder();
  writeFileSync(join(folder, 'upd.fish'), fishCompletion(table));
  for (const [typed, offered] of cases) {
    const line = `upd ${typed.join(' ')}`;
    const { stdout, stderr } = spawnSync(
      'fish',
      ['--no-config', '-c', `source upd.fish; complete -C '${line}'`],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    const words = stdout
      .split('\n')
      .map((found) => found.split('\t')[0]!.replace(/\/$/, '').replaceAll('\\', ''));
    expect(words.filter((word) => word !== '').sort(), line).toEqual(offered);
  }
});

const HAS_ZSH = spawnSync('zsh', ['--version']).status === 0;

test.runIf(HAS_ZSH)(
  'zsh takes its script and completes upd by it (left out where zsh is missing)',
  () => {
    const program = `autoload -U compinit; compinit -D -u; eval "$(cat)"; print $_comps[upd]; whence -w _upd_partials_remove`;
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', program], {
      encoding: 'utf8',
      input: zshCompletion(table),
    });
    expect({ stdout, stderr }).toEqual({
      stdout: '_upd\n_upd_partials_remove: function\n',
      stderr: '',
    });
  },
);
