import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BenchTable, headLine } from '../../src/bench/bench-report.ts';
import { commandHelp } from '../../src/chat/core/command.ts';
import { linkRateOf, lossOf, rttOf } from '../../src/cli/flag-values.ts';
import { makeProgram } from '../../src/cli/program.ts';
import {
  allCommands,
  type CommandEntry,
  commandTableOf,
} from '../../src/cli/reference/command-table.ts';
import { plainLine, runsOf, terminalPicture } from '../../docs/terminal-picture.ts';

const TOP = resolve(import.meta.dirname, '../..');
const pages = [
  ...['README.md', 'bench/README.md', 'src/transfer/README.md'],
  ...readdirSync(join(TOP, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const textOf = (page: string): string => readFileSync(join(TOP, page), 'utf8');

const table = commandTableOf(makeProgram());
const byPath = new Map(allCommands(table).map((command) => [command.path, command]));

/** Of blocks of code, and of single words of code in the text. */
function codeIn(page: string): readonly string[] {
  const blocks = [...textOf(page).matchAll(/^```.*\n([^]*?)^```$/gm)].flatMap(([, block]) =>
    block!.split('\n'),
  );
  const spans = [
    ...textOf(page)
      .replaceAll(/^```[^]*?^```$/gm, '')
      .matchAll(/`([^`]+)`/g),
  ];
  return [...blocks, ...spans.map(([, span]) => span!.replaceAll('\n', ' '))];
}

/** The calls of `upd` in a line: each from its name to the end of its words. */
function callsIn(line: string): readonly string[] {
  const commands = line.replace(/^\$ |\s#.*$/g, '').split(/\s*(?:&&|[|;()<>])\s*/);
  return commands.flatMap(
    (command) => /^(?:\w+=\S* )*(?:npx )?(upd( .*)?)$/.exec(command)?.[1] ?? [],
  );
}

/** The command that is called, the longest path that there is, and what stands behind it. */
function called(call: string): { command: CommandEntry; rest: readonly string[] } {
  const words = call.split(' ').filter((word) => word !== '');
  let command = table;
  let depth = 1;
  for (; depth < words.length; depth++) {
    const next = byPath.get(words.slice(0, depth + 1).join(' '));
    if (next === undefined) break;
    command = next;
  }
  return { command, rest: words.slice(depth) };
}

test.each(pages)('%s calls upd by commands and flags that there are', (page) => {
  for (const call of codeIn(page).flatMap(callsIn)) {
    const { command, rest } = called(call);
    // Whatever stands first behind upd is a command or a flag.
    if (command === table) expect(rest[0] ?? '-h', call).toMatch(/^--?[a-z]/);
    const known = command.flags.flatMap(({ spellings }) => spellings);
    const flags = rest.filter((word) => /^--?[a-z]/.test(word));
    for (const flag of flags) expect(known, `${page}: ${call}`).toContain(flag.split('=')[0]);
  }
});

test('calls of upd are found where the pages have them', () => {
  const calls = pages.flatMap((page) => codeIn(page).flatMap(callsIn));
  const seen = new Set(calls.map((call) => called(call).command.path));
  const unseen = allCommands(table).filter(
    ({ path, flags }) => flags.length > 0 && !seen.has(path),
  );
  expect(unseen).toEqual([]);
  expect(callsIn('UPD_TICKET=x upd send a && tar c d | npx upd send - # upd flies')).toEqual([
    'upd send a',
    'upd send -',
  ]);
});

test('every --help that a page shows is what the program prints', () => {
  let shownCount = 0;
  for (const page of pages) {
    for (const [, call, shown] of textOf(page).matchAll(
      /^\$ (?:npx )?(upd.*) --help\n([^]*?)^```$/gm,
    )) {
      shownCount++;
      expect(shown!.trimEnd(), `${page}: ${call!}`).toBe(byPath.get(call!)?.help.trimEnd());
    }
  }
  expect(shownCount).toBe([...byPath.values()].filter(({ flags }) => flags.length > 0).length);
});

test.each(pages)('what %s links to in this repository is there', (page) => {
  const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)|<img src="([^"]+)"/g)].map(
    ([, link, image]) => link ?? image!,
  );
  for (const link of links.filter((target) => !/^https?:|^#/.test(target))) {
    const [path = ''] = link.split('#');
    expect(() => readFileSync(join(TOP, dirname(page), path)), `${page}: ${link}`).not.toThrow();
  }
});

describe('what `npm run pictures` has recorded', () => {
  const stale = 'the program says something else now: run `npm run pictures session` (or `bench`)';
  const session = textOf('docs/session.txt');
  const bench = textOf('docs/bench.txt');

  test('the session lists the commands that a client lists', () => {
    for (const line of commandHelp) expect(session.split('\n'), stale).toContain(line);
  });

  test('the bench is of the link that was asked for, in the columns of now', () => {
    const [call = '', head, columns] = bench.split('\n');
    const valueOf = (flag: string): string => new RegExp(`--${flag} (\\S+)`).exec(call)![1]!;
    const link = {
      bytesPerSec: linkRateOf(valueOf('rate')),
      rttMs: rttOf(valueOf('rtt')),
      lossShare: lossOf(valueOf('loss')),
      seed: 1,
    };
    const setup = { peer: undefined, link, coreCount: 2 };
    expect([head, columns], stale).toEqual([headLine(setup), new BenchTable(setup).head]);
  });

  test('the README shows that bench as it was recorded', () => {
    const measured = bench.slice(0, bench.indexOf('$ upd plot'));
    expect(measured).toMatch(/^\$ upd bench .*\n[^]*\nlimited by .*\n$/);
    expect(textOf('README.md')).toContain(`\`\`\`\n${measured}\`\`\``);
  });

  test('the picture has a line of text for each that is not blank', () => {
    const frames = session.split(/^--- .*\n\n/m).slice(1);
    const shown = frames.slice(1, 3).flatMap((frame) => frame.trimEnd().split('\n'));
    const picture = textOf('docs/session.svg');
    for (const line of shown.filter((line) => line !== '')) {
      const [first = ''] = line.split(/"| {2}/);
      expect(picture).toContain(first.replaceAll('>', '&gt;').trim());
    }
  });
});

test('in a picture a run keeps its column and its colour, and markup is text', () => {
  const line = 'a <b> \u001b[32mgreen \u001b[1mbold\u001b[0m end';
  expect(plainLine(line)).toBe('a <b> green bold end');
  expect(runsOf(line).map(({ column, text }) => [column, text])).toEqual([
    [0, 'a <b> '],
    [6, 'green '],
    [12, 'bold'],
    [16, ' end'],
  ]);
  const picture = terminalPicture([{ title: 'x & y', lines: [line] }], 80);
  expect(picture).toContain('>a &lt;b&gt; </text>');
  expect(picture).toContain('>x &amp; y</text>');
  expect(picture).toMatch(/fill="#7ee787" font-weight="bold"[^>]*>bold</);
});
