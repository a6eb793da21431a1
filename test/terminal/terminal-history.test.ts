import { PassThrough } from 'node:stream';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { COMMAND_PROMPT, type Question } from '../../src/chat/client.ts';
import { completionOf } from '../../src/chat/core/completion.ts';
import { InputHistory } from '../../src/cli/terminal/input-history.ts';
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

function terminal(): Terminal {
  const input = new PassThrough();
  const screen = new FakeScreen(40);
  const streams = { input, output: screen, errors: screen };
  const history = new InputHistory(join(temporaryFolder(), 'updraft', 'history'));
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
