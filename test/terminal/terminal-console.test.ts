import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, expect, test, vi } from 'vitest';
import { PipeConsole } from '../../src/cli/terminal/pipe-console.ts';
import type { TerminalOutput } from '../../src/cli/terminal/screen-foot.ts';
import { MAX_LINES_AHEAD, TerminalConsole } from '../../src/cli/terminal/terminal-console.ts';
import { COMMAND_PROMPT } from '../../src/chat/client.ts';
import { safeText } from '../../src/text/safe-text.ts';
import { FakeScreen } from './fake-screen.ts';

beforeEach(() => {
  // What the machine's own terminal can do must not matter.
  vi.stubEnv('TERM', 'xterm');
  return () => vi.unstubAllEnvs();
});

interface Terminal {
  readonly console: TerminalConsole;
  readonly screen: FakeScreen;
  readonly input: PassThrough;
  readonly interrupts: () => number;
}

function terminalOf(columns = 40, errors?: TerminalOutput): Terminal {
  const input = new PassThrough();
  const screen = new FakeScreen(columns);
  let interrupts = 0;
  const streams = { input, output: screen, errors: errors ?? screen };
  const onInterrupt = (): void => {
    interrupts++;
  };
  const console = new TerminalConsole(streams, { onInterrupt, stop: () => undefined });
  return { console, screen, input, interrupts: () => interrupts };
}

/** Keys reach readline in the next turns of the event loop. */
async function press(input: PassThrough, keys: string): Promise<void> {
  input.write(keys);
  for (let turns = 0; turns < 4; turns++) await turn();
}

test('a line that arrives while somebody types appears above, and the typed text stays as it was', async () => {
  const { console, screen, input } = terminalOf();
  const line = console.ask(COMMAND_PROMPT);
  await press(input, 'MSG hel');
  console.print(safeText('#1, derek: "hi", posted at TIME.'));
  expect(screen.shown).toEqual(['#1, derek: "hi", posted at TIME.', '> MSG hel']);
  expect(screen.cursor).toEqual({ row: 1, column: 9 });
  await press(input, 'lo\r');
  expect(await line).toBe('MSG hello');
  expect(screen.shown).toEqual(['#1, derek: "hi", posted at TIME.', '> MSG hello', '']);
});

test('the cursor stays where it was within the typed text', async () => {
  const { console, screen, input } = terminalOf();
  void console.ask(COMMAND_PROMPT);
  await press(input, 'abcd\u001b[D\u001b[D');
  console.print(safeText('news'));
  expect(screen.shown).toEqual(['news', '> abcd']);
  expect(screen.cursor).toEqual({ row: 1, column: 4 });
});

test('typed text over several rows is wiped whole and drawn again below the news', async () => {
  const { console, screen, input } = terminalOf(10);
  console.print(safeText('before'));
  void console.ask(COMMAND_PROMPT);
  await press(input, 'abcdefghijklmnopqrstuvw');
  const typed = ['> abcdefgh', 'ijklmnopqr', 'stuvw'];
  expect(screen.shown).toEqual(['before', ...typed]);
  console.print(safeText('one'));
  console.warn(safeText('two'));
  expect(screen.shown).toEqual(['before', 'one', 'two', ...typed]);
});

test('a password is never on the screen: not typed, not with news, not by history, not in the next line', async () => {
  const { console, screen, input } = terminalOf();
  const line = console.ask(safeText('Password: '), { isHidden: true });
  await press(input, 'sec');
  console.print(safeText('news'));
  await press(input, 'ret\r');
  expect(await line).toBe('secret');
  void console.ask(COMMAND_PROMPT);
  await press(input, '\u001b[A\u0010\u001f\u001f');
  expect(screen.shown).toEqual(['news', 'Password: ', '> ']);
  expect(screen.written).not.toContain('sec');
  expect(screen.written).not.toContain('ret');
});

test('lines pasted at once all arrive, and the password among them is not shown', async () => {
  const { console, screen, input } = terminalOf();
  const user = console.ask(safeText('Username: '));
  await press(input, 'jess\rsecret\rATU\rOU');
  expect(await user).toBe('jess');
  expect(await console.ask(safeText('Password: '), { isHidden: true })).toBe('secret');
  expect(await console.ask(COMMAND_PROMPT)).toBe('ATU');
  const last = console.ask(COMMAND_PROMPT);
  expect(screen.shown).toEqual(['Username: jess', 'Password: ', '> ATU', '> OU']);
  await press(input, 'T\r');
  expect(await last).toBe('OUT');
  expect(screen.written).not.toContain('secret');
});

test('what is typed before it is asked for is drawn with its prompt, also over several rows', async () => {
  const { console, screen, input } = terminalOf(10);
  console.print(safeText('one'));
  console.print(safeText('two'));
  await press(input, 'abcdefghijklmnopqrstuvwxyz');
  expect(screen.shown).toEqual(['one', 'two', '']);
  void console.ask(COMMAND_PROMPT);
  expect(screen.shown).toEqual(['one', 'two', '> abcdefgh', 'ijklmnopqr', 'stuvwxyz']);
});

test('the keyboard waits when too many lines stand ahead, and no line is lost', async () => {
  const { console, input } = terminalOf();
  const lines = Array.from({ length: MAX_LINES_AHEAD }, (_, index) => `line ${index}`);
  await press(input, lines.join('\r') + '\r');
  expect(input.isPaused()).toBe(true);
  input.write('after\r');
  const read: (string | undefined)[] = [];
  while (read.length < lines.length) read.push(await console.ask(COMMAND_PROMPT));
  expect(read).toEqual(lines);
  expect(input.isPaused()).toBe(false);
  expect(await console.ask(COMMAND_PROMPT)).toBe('after');
});

test('a terminal without cursor movement gets the news on a line of its own and the text again', () => {
  vi.stubEnv('TERM', 'dumb');
  const { console, screen } = terminalOf();
  void console.ask(COMMAND_PROMPT);
  console.print(safeText('news'));
  expect(screen.written).toBe('> \nnews\n> ');
});

test('warnings go to stderr: on the same screen above the typed text, elsewhere as they are', async () => {
  const errors = new FakeScreen(40, false);
  const { console, screen, input } = terminalOf(40, errors);
  void console.ask(COMMAND_PROMPT);
  await press(input, 'MSG');
  console.warn(safeText('a.txt to jess: sending'));
  expect(screen.shown).toEqual(['> MSG']);
  expect(errors.written).toBe('a.txt to jess: sending\n');
});

test('with only stdout redirected, prompts and typed text are on the other screen, without the password', async () => {
  const input = new PassThrough();
  const output = new FakeScreen(40, false);
  const errors = new FakeScreen(40);
  const onInterrupt = (): void => undefined;
  const console = new TerminalConsole(
    { input, output, errors },
    { onInterrupt, stop: onInterrupt },
  );
  const user = console.ask(safeText('Username: '));
  await press(input, 'jess\r');
  expect(await user).toBe('jess');
  const password = console.ask(safeText('Password: '), { isHidden: true });
  await press(input, 'secret\r');
  expect(await password).toBe('secret');
  console.print(safeText('Welcome'));
  expect(output.written).toBe('Welcome\n');
  expect(errors.shown).toEqual(['Username: jess', 'Password: ', '']);
});

test('each Ctrl-C is told, and Ctrl-D is the end of input for this question and later ones', async () => {
  const { console, input, interrupts, screen } = terminalOf();
  const line = console.ask(COMMAND_PROMPT);
  await press(input, '\u0003\u0003');
  expect(interrupts()).toBe(2);
  await press(input, '\u0004');
  expect(await line).toBeUndefined();
  expect(await console.ask(COMMAND_PROMPT)).toBeUndefined();
  console.print(safeText('Bye, jess!'));
  expect(screen.shown).toEqual(['> ', 'Bye, jess!', '']);
});

test('a pipe shows the login prompts as lines, no command prompt, and reads what was piped at once', async () => {
  const input = new PassThrough();
  const output = new FakeScreen(40, false);
  const errors = new FakeScreen(40, false);
  const console = new PipeConsole(input, output, errors);
  input.end('jess\r\nsecret\nATU');
  expect(await console.ask(safeText('Username: '))).toBe('jess');
  expect(await console.ask(safeText('Password: '))).toBe('secret');
  expect(await console.ask(COMMAND_PROMPT)).toBe('ATU');
  expect(await console.ask(COMMAND_PROMPT)).toBeUndefined();
  console.warn(safeText('a warning'));
  expect(output.written).toBe('Username: \nPassword: \n');
  expect(errors.written).toBe('a warning\n');
});

test('a pipe with more lines than it reads ahead gives every one, in order', async () => {
  const input = new PassThrough();
  const sink = new FakeScreen(40, false);
  const console = new PipeConsole(input, sink, sink);
  const lines = Array.from({ length: 5_000 }, (_, index) => `MSG ${index}`);
  input.end(lines.join('\n'));
  const read: string[] = [];
  for (;;) {
    const line = await console.ask(COMMAND_PROMPT);
    if (line === undefined) break;
    read.push(line);
  }
  expect(read).toEqual(lines);
});
