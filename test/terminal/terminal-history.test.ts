import { PassThrough } from 'node:stream';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { COMMAND_PROMPT, type Question } from '../../src/chat/client.ts';
import { completionOf } from '../../src/chat/core/completion.ts';
import { InputHistory } from '../../src/cli/terminal/input-history.ts';
import {
  candidateLines,
  commonBeginning,
  MAX_SHOWN_CANDIDATES,
} from '../../src/cli/terminal/tab-candidates.ts';
import { TerminalConsole } from '../../src/cli/terminal/terminal-console.ts';
import { safeText } from '../../src/text/safe-text.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { FakeScreen } from './fake-screen.ts';

const UP = '\u001b[A';
const command: Question = { complete: (line) => completionOf(line, ['jess', 'jim']) };

interface Terminal {
  readonly console: TerminalConsole;
  readonly screen: FakeScreen;
  readonly press: (keys: string) => Promise<void>;
}

function terminal(path = join(temporaryFolder(), 'updraft', 'history')): Terminal {
  const input = new PassThrough();
  const screen = new FakeScreen(40);
  const streams = { input, output: screen, errors: screen };
  const history = new InputHistory(path);
  const actions = { onInterrupt: () => undefined, stop: () => undefined, history };
  const console = new TerminalConsole(streams, actions);
  // Keys reach readline in the next turns of the event loop.
  const press = async (keys: string): Promise<void> => {
    input.write(keys);
    for (let turns = 0; turns < 4; turns++) await turn();
  };
  return { console, screen, press };
}

test('the arrow keys bring back commands, but no name, no password, and nothing typed ahead of its prompt', async () => {
  const { console, screen, press } = terminal();
  const asked = console.ask(safeText('Username: '));
  await press('jess\r');
  expect(await asked).toBe('jess');
  const hidden = console.ask(safeText('Password: '), { isHidden: true });
  await press('secret\r');
  expect(await hidden).toBe('secret');
  await press('ahead\r');
  expect(await console.ask(COMMAND_PROMPT, command)).toBe('ahead');
  const first = console.ask(COMMAND_PROMPT, command);
  await press('ATU\r');
  expect(await first).toBe('ATU');
  const second = console.ask(COMMAND_PROMPT, command);
  await press(UP);
  expect(screen.shown.at(-1)).toBe('> ATU');
  // There is nothing before it.
  await press(UP);
  expect(screen.shown.at(-1)).toBe('> ');
  await press('\u001b[B\r');
  expect(await second).toBe('ATU');
  expect(screen.written).not.toContain('secret');
});

test('Tab completes commands and user names, and shows which there are', async () => {
  const { console, screen, press } = terminal();
  const line = console.ask(COMMAND_PROMPT, command);
  await press('u\t');
  expect(screen.shown.at(-1)).toBe('> UPD ');
  await press('j\t');
  expect(screen.shown.at(-1)).toBe('> UPD j');
  await press('\t');
  expect(screen.shown.join('\n')).toMatch(/jess\s+jim/);
  await press('e\t');
  await press('file\r');
  expect(await line).toBe('UPD jess file');
});

test('Tab completes nothing where no command is asked for', async () => {
  const { console, screen, press } = terminal();
  const line = console.ask(safeText('Username: '));
  for (const key of 'MS\t\t') await press(key);
  await press('\r');
  expect(await line).toBe('MS');
  expect(screen.shown[0]).toBe('Username: MS');
});

test('the arrow keys bring back what was typed in the last run, and no password was ever in the file', async () => {
  const path = join(temporaryFolder(), 'updraft', 'history');
  const first = terminal(path);
  for (const [prompt, isHidden] of [
    ['Username: ', false],
    ['Password: ', true],
    ['Old password: ', true],
  ] as const) {
    const asked = first.console.ask(safeText(prompt), { isHidden });
    await first.press('secret\r');
    expect(await asked).toBe('secret');
  }
  const line = first.console.ask(COMMAND_PROMPT, command);
  await first.press('MSG hello\r');
  await line;
  expect(readFileSync(path, 'utf8')).toBe('MSG hello\n');
  const second = terminal(path);
  void second.console.ask(COMMAND_PROMPT, command);
  await second.press(UP);
  expect(second.screen.shown.at(-1)).toBe('> MSG hello');
});

test('why nothing can be remembered is told once, above the first prompt', async () => {
  const folder = temporaryFolder();
  const { console, screen, press } = terminal(folder);
  const line = console.ask(COMMAND_PROMPT, command);
  await press('ATU\r');
  await line;
  void console.ask(COMMAND_PROMPT, command);
  const told = screen.shown.join('').match(/What you type is remembered for this run only: /g);
  expect(told).toHaveLength(1);
  expect(screen.shown[0]).toMatch(/^What you type/);
});

test('of very many candidates some are shown and the others counted', () => {
  const words = Array.from({ length: MAX_SHOWN_CANDIDATES + 5 }, (_, index) => `file${index} `);
  const rows = candidateLines({ words, typed: 'file' }, 80);
  expect(rows.at(-1)).toBe('and 5 more');
  expect(rows.join(' ').match(/file\d+/g)).toHaveLength(MAX_SHOWN_CANDIDATES);
  expect(Math.max(...rows.map((row) => row.length))).toBeLessThan(80);
});

test('names that differ only behind a saved blank are completed up to that', () => {
  expect(commonBeginning(['a\\ b ', "a\\'b "])).toBe('a');
  expect(commonBeginning(['a\\\\b ', 'a\\\\c '])).toBe('a\\\\');
});
