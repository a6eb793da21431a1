import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, expect, test, vi } from 'vitest';
import { COMMAND_PROMPT } from '../../src/chat/client.ts';
import { completionOf } from '../../src/chat/core/completion.ts';
import { TerminalConsole } from '../../src/cli/terminal/terminal-console.ts';
import { safeText } from '../../src/text/safe-text.ts';
import { FakeScreen } from './fake-screen.ts';

const NEWS = safeText('#1, derek: "hi"');
const [BAR, OTHER] = [{ text: 'a.txt  [#---]  25 %' }, { text: 'b.txt  [##--]  50 %' }];

beforeEach(() => {
  vi.stubEnv('TERM', 'xterm');
  vi.stubEnv('NO_COLOR', '');
  return () => vi.unstubAllEnvs();
});

class Keyboard extends PassThrough {
  /** What the terminal's mode was set to. */
  readonly modes: boolean[] = [];

  setRawMode(isRaw: boolean): void {
    this.modes.push(isRaw);
  }
}

interface Terminal {
  readonly console: TerminalConsole;
  readonly screen: FakeScreen;
  readonly keyboard: Keyboard;
  readonly stopCount: () => number;
  readonly press: (keys: string) => Promise<void>;
}

function terminalOf(columns = 40): Terminal {
  const keyboard = new Keyboard();
  const screen = new FakeScreen(columns);
  const streams = { input: keyboard, output: screen, errors: screen };
  let stopCount = 0;
  const stop = (): void => {
    stopCount++;
  };
  const console = new TerminalConsole(streams, { onInterrupt: () => undefined, stop });
  // Keys reach readline in the next turns of the event loop.
  const press = async (keys: string): Promise<void> => {
    keyboard.write(keys);
    for (let turns = 0; turns < 4; turns++) await turn();
  };
  return { console, screen, keyboard, stopCount: () => stopCount, press };
}

test('bars stand above what is typed, change in place and leave no trace, and the cursor stays', async () => {
  const { console, screen, press } = terminalOf();
  void console.ask(COMMAND_PROMPT);
  await press('MSG helo\u001b[D');
  const typed = '> MSG helo';
  const bars = console.bars!;
  bars.show([BAR]);
  expect(screen.shown).toEqual([BAR.text, typed]);
  bars.show([BAR, OTHER]);
  expect(screen.shown).toEqual([BAR.text, OTHER.text, typed]);
  bars.show([OTHER, { text: 'b' }]);
  expect(screen.shown).toEqual([OTHER.text, 'b', typed]);
  console.print(NEWS);
  expect(screen.shown).toEqual([NEWS, OTHER.text, 'b', typed]);
  expect(screen.cursor).toEqual({ row: 3, column: 9 });
  await press('l');
  expect(screen.shown.at(-1)).toBe('> MSG hello');
  bars.show([]);
  expect(screen.shown).toEqual([NEWS, '> MSG hello']);
  expect(screen.cursor).toEqual({ row: 1, column: 10 });
});

test('a bar that changes writes nothing on the rows of what is typed', async () => {
  const { console, screen, press } = terminalOf();
  void console.ask(COMMAND_PROMPT);
  await press('MSG hello');
  console.bars!.show([BAR]);
  screen.written = '';
  console.bars!.show([OTHER]);
  expect(screen.written).toContain(OTHER.text);
  expect(screen.written).not.toContain('hello');
  expect(screen.written).not.toContain('\u001b[J');
});

test('an entered line stays above the bars, of a password only the prompt', async () => {
  const { console, screen, press } = terminalOf(10);
  const line = console.ask(COMMAND_PROMPT);
  console.bars!.show([{ text: 'bar' }]);
  await press('MSG a long text\r');
  expect(await line).toBe('MSG a long text');
  expect(screen.shown).toEqual(['> MSG a lo', 'ng text', 'bar', '']);
  const hidden = console.ask(safeText('Old: '), { isHidden: true });
  await press('secret\r');
  expect(await hidden).toBe('secret');
  void console.ask(COMMAND_PROMPT);
  expect(screen.shown).toEqual(['> MSG a lo', 'ng text', 'Old: ', 'bar', '> ']);
  expect(screen.written).not.toContain('secret');
});

test('the end of input leaves the prompt above the bars', async () => {
  const { console, screen, press } = terminalOf();
  const line = console.ask(COMMAND_PROMPT);
  console.bars!.show([BAR]);
  await press('\u0004');
  expect(await line).toBeUndefined();
  console.print(safeText('Bye, jess!'));
  expect(screen.shown).toEqual(['> ', 'Bye, jess!', BAR.text, '']);
  console.close();
  expect(screen.shown).toEqual(['> ', 'Bye, jess!', '']);
});

test.each([10, 17, 25, 200])(
  'in a window made %i columns wide nothing is left over, and the typed text stays whole',
  async (columns) => {
    const { console, screen, press } = terminalOf();
    console.print(NEWS);
    void console.ask(COMMAND_PROMPT);
    await press('MSG a text that is longer than forty columns');
    console.bars!.show([BAR, OTHER]);
    screen.resize(columns);
    const joined = screen.shown.join('');
    const typed = '> MSG a text that is longer than forty columns';
    expect(joined).toBe(`${NEWS}${BAR.text}${OTHER.text}${typed}`);
    await press('!');
    console.bars!.show([]);
    expect(screen.shown.join('')).toBe(`${NEWS}${typed}!`);
  },
);

test.each([
  [
    'a bar that changes',
    ({ console }: Terminal) => {
      console.bars!.show([OTHER]);
      return Promise.resolve();
    },
  ],
  [
    'a line that arrives',
    ({ console }: Terminal) => {
      console.print(safeText('news'));
      return Promise.resolve();
    },
  ],
  ['a key', ({ press }: Terminal) => press('\u001b[D')],
  ['a key that draws all again', ({ press }: Terminal) => press('!\u007f')],
])(
  '%s right after the window was made wider or narrower draws over nothing else',
  async (_title, act) => {
    for (const columns of [17, 100]) {
      const terminal = terminalOf();
      const { console, screen, press } = terminal;
      console.print(NEWS);
      void console.ask(COMMAND_PROMPT);
      const typed = 'MSG a text that is longer than forty columns';
      await press(typed);
      console.bars!.show([BAR]);
      screen.fold(columns);
      await act(terminal);
      const rest = screen.shown.join('').replace('news', '').replace(OTHER.text, BAR.text);
      expect(rest).toBe(`${NEWS}${BAR.text}> ${typed}`);
    }
  },
);

test('Ctrl-Z gives the terminal back as it was, and who goes on finds the prompt and what was typed', async () => {
  const { console, screen, keyboard, stopCount, press } = terminalOf();
  const line = console.ask(COMMAND_PROMPT);
  await press('MSG hel');
  console.bars!.show([BAR]);
  keyboard.modes.length = 0;
  keyboard.write('\u001a');
  // Until the shell continues it no turn of the event loop comes.
  await Promise.resolve();
  expect(stopCount()).toBe(1);
  expect(keyboard.modes).toEqual([false]);
  expect(screen.shown).toEqual(['']);
  screen.write('$ fg\n');
  console.continued();
  expect(keyboard.modes.at(-1)).toBe(true);
  expect(screen.shown).toEqual(['$ fg', BAR.text, '> MSG hel']);
  await press('lo\r');
  expect(await line).toBe('MSG hello');
});

test('Ctrl-Z at a password shows nothing of it, and the rest may be typed afterwards', async () => {
  const { console, screen, keyboard, press } = terminalOf();
  const line = console.ask(safeText('Password: '), { isHidden: true });
  await press('sec');
  keyboard.write('\u001a');
  await Promise.resolve();
  expect(keyboard.modes.at(-1)).toBe(false);
  console.continued();
  expect(keyboard.modes.at(-1)).toBe(true);
  expect(screen.shown).toEqual(['Password: ']);
  await press('ret\r');
  expect(await line).toBe('secret');
  expect(screen.written).not.toContain('sec');
});

test('where no shell could continue it, Ctrl-Z changes nothing for long', async () => {
  const { console, screen, keyboard, press } = terminalOf();
  void console.ask(COMMAND_PROMPT);
  console.bars!.show([BAR]);
  await press('MSG hel\u001a');
  expect(keyboard.modes.at(-1)).toBe(true);
  expect(screen.shown).toEqual([BAR.text, '> MSG hel']);
  // The signal, should it come after all, is for what has happened already.
  console.continued();
  expect(screen.shown).toEqual([BAR.text, '> MSG hel']);
});

test('stopped by somebody else, it takes the terminal again and draws below what came meanwhile', async () => {
  const { console, screen, keyboard, press } = terminalOf();
  void console.ask(COMMAND_PROMPT);
  await press('MSG');
  screen.write('\n$ fg\n');
  keyboard.modes.length = 0;
  console.continued();
  expect(keyboard.modes).toEqual([false, true]);
  expect(screen.shown).toEqual(['> MSG', '$ fg', '> MSG']);
});

test('lines have the colour of what they mean, and none where NO_COLOR or TERM says so', () => {
  const written = (): string => {
    const { console, screen } = terminalOf();
    console.print(safeText('answer'));
    console.print(safeText('delivered'), 'good');
    console.print(safeText('failed'), 'bad');
    console.warn(safeText('careful'));
    console.warn(safeText('joined'), 'aside');
    return screen.written;
  };
  const coloured = [
    'answer',
    '\u001b[32mdelivered\u001b[39m',
    '\u001b[31mfailed\u001b[39m',
    '\u001b[33mcareful\u001b[39m',
    '\u001b[2mjoined\u001b[22m',
  ];
  const plain = ['answer', 'delivered', 'failed', 'careful', 'joined'];
  expect(written()).toBe(`${coloured.join('\n')}\n`);
  vi.stubEnv('NO_COLOR', '1');
  expect(written()).toBe(`${plain.join('\n')}\n`);
  vi.stubEnv('NO_COLOR', '');
  vi.stubEnv('TERM', 'dumb');
  expect(written()).toBe(`${plain.join('\n')}\n`);
});

test('a stderr that is no screen gets no bars and no colours', () => {
  const keyboard = new Keyboard();
  const screen = new FakeScreen(40);
  const errors = new FakeScreen(40, false);
  const actions = { onInterrupt: () => undefined, stop: () => undefined };
  const console = new TerminalConsole({ input: keyboard, output: screen, errors }, actions);
  console.warn(safeText('careful'));
  expect(errors.written).toBe('careful\n');
  expect(console.bars).toBeUndefined();
});

test('a second Tab shows the candidates above bars and prompt, and what is typed stays', async () => {
  const { console, screen, press } = terminalOf();
  const users = ['jess', 'jim', 'jonathan.the.third.of.his.name'];
  void console.ask(COMMAND_PROMPT, { complete: (line) => completionOf(line, users) });
  console.bars!.show([BAR]);
  await press('UPD j');
  await press('\t');
  expect(screen.shown).toEqual([BAR.text, '> UPD j']);
  await press('\t');
  expect(screen.shown).toEqual([
    'jess',
    'jim',
    'jonathan.the.third.of.his.name',
    BAR.text,
    '> UPD j',
  ]);
});
