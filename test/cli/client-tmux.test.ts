import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/chat/io/clock.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { ClientProcess } from './client-process.ts';
import { clientLine, hasTmux, TmuxTerminal } from './tmux-terminal.ts';

/** It takes longer than any of these tests, and is cancelled. */
const SLOW = ['--rate', '10k'];
const CANCELLED = 'film.mp4 from derek was not received: cancelled by the sender.';
const SLOW_BYTES = 50_000_000;

function slowFile(): string {
  const path = join(temporaryFolder(), 'film.mp4');
  const file = openSync(path, 'w');
  ftruncateSync(file, SLOW_BYTES);
  closeSync(file);
  return path;
}

test.skipIf(!hasTmux)(
  'on a real terminal (left out without tmux) no password shows, and messages, bars and resizes leave the typed line as it was',
  async () => {
    const { server } = await startFixture({ clock: systemClock });
    const derek = await ClientProcess.enter(server.port, 'derek', { flags: SLOW });
    const terminal = await TmuxTerminal.enter(server.port, 'jess');
    expect(terminal.text).toMatch(/^Username: jess *\nPassword: *\nWelcome to updraft/m);
    const typed = 'MSG a line that is longer than the sixty columns of this terminal, hel';
    terminal.type(typed);
    await terminal.endsWith('erminal, hel');
    derek.type(`UPD jess ${slowFile()}`);
    await terminal.shows('#1 from derek: film.mp4  ');
    derek.type('MSG hi');
    await terminal.shows('"hi", posted at');
    terminal.type('lo');
    await terminal.endsWith('erminal, hello');
    const [news, bar, first] = terminal.rows.slice(-4);
    expect(news).toMatch(/^#1, derek: "hi", posted at /);
    expect(bar).toMatch(/^#1 from derek: film\.mp4 +\d+ %/);
    expect(first).toBe(`> ${typed.slice(0, 58)}`);
    derek.type('CAN 1');
    await terminal.until(() => terminal.text.includes(CANCELLED), CANCELLED);
    await terminal.until(() => !terminal.text.includes('#1 from'), 'no bar');
    // What is drawn over leaves no trace: each line stands there once.
    const { text } = terminal;
    for (const line of ['"hi", posted', 'film.mp4 from derek: receiving', typed])
      expect(text.split(line), line).toHaveLength(2);
    // tmux folds the rows a moment before the client can know: by now it draws only what is typed.
    terminal.resize(40);
    terminal.type('!');
    await terminal.endsWith('ty columns of this terminal, hello!');
    terminal.resize(100);
    terminal.type('!');
    await terminal.endsWith(`> ${typed}lo!!`);
    expect(terminal.text).toContain(news);
    terminal.press('Enter');
    await terminal.shows('Message #2 posted');
    expect(await derek.see('sixty')).toContain(`"${typed.slice(4)}lo!!"`);
    terminal.press('Up');
    await terminal.endsWith(`> ${typed}lo!!`);
    expect(terminal.text).not.toContain('jess-pw');
    terminal.press('C-u', 'C-d');
    expect(await terminal.exit()).toBe(0);
    await terminal.shows('Bye, jess!');
  },
);

test.skipIf(!hasTmux)(
  'on a real terminal (left out without tmux) Ctrl-C is exit 130 at each prompt, and Ctrl-D where no one has logged in is exit 5',
  async () => {
    const { server, read } = await startFixture({ clock: systemClock });
    const derek = await ClientProcess.enter(server.port, 'derek');
    const leave = async (terminal: TmuxTerminal, prompt: string, key = 'C-c'): Promise<number> => {
      await terminal.endsWith(prompt);
      terminal.press(key);
      return terminal.exit();
    };
    const answer = async (prompt: string, line: string): Promise<TmuxTerminal> => {
      const terminal = TmuxTerminal.withClient(server.port);
      await terminal.endsWith(prompt);
      terminal.type(line);
      terminal.press('Enter');
      return terminal;
    };
    const enter = async (user: string, ...lines: readonly string[]): Promise<TmuxTerminal> => {
      const terminal = await TmuxTerminal.enter(server.port, user, { flags: SLOW });
      for (const line of lines) {
        terminal.type(line);
        terminal.press('Enter');
      }
      return terminal;
    };
    const [atEnd, atPassword, atNewName, inSession, atOldPassword] = await Promise.all([
      leave(TmuxTerminal.withClient(server.port), 'Username:', 'C-d'),
      answer('Username:', 'jess').then((terminal) => leave(terminal, 'Password:')),
      answer('Username:', 'REG').then((terminal) => leave(terminal, 'New username:')),
      enter('jess').then((terminal) => leave(terminal, '>')),
      enter('steve', 'RST').then((terminal) => leave(terminal, 'Old password:')),
    ]);
    expect(atEnd).toBe(5);
    expect([atPassword, atNewName, inSession, atOldPassword]).toEqual([130, 130, 130, 130]);
    const waiting = await enter('jess', `UPD derek ${slowFile()}`, 'OUT');
    const question = 'A transfer is running. Wait for the end? [Y/n]';
    expect(await leave(waiting, question)).toBe(130);
    derek.type('OUT');
    expect(await derek.exit).toBe(0);
    expect(read('userlog.txt')).toBe('');
  },
);

test.skipIf(!hasTmux)(
  'in a shell on a real terminal (left out without tmux) Ctrl-Z stops the client, fg brings back what was typed, and the terminal is as it was in between',
  async () => {
    const { server } = await startFixture({ clock: systemClock });
    const terminal = new TmuxTerminal('PS1="$ " exec bash --norc --noprofile -i', 100);
    await terminal.endsWith('$');
    terminal.type(`clear; ${clientLine(server.port)}`);
    terminal.press('Enter');
    await terminal.logIn('jess');
    terminal.type('MSG hel');
    await terminal.endsWith('> MSG hel');
    terminal.press('C-z');
    await terminal.shows('Stopped');
    await terminal.endsWith('$');
    terminal.type('stty -a | grep -o " icanon .*"');
    terminal.press('Enter');
    await terminal.shows('\n icanon ');
    terminal.type('fg');
    terminal.press('Enter');
    await terminal.endsWith('> MSG hel');
    terminal.type('lo');
    terminal.press('Enter');
    await terminal.shows('Message #1 posted');
    terminal.press('C-z');
    await terminal.endsWith('$');
    // By its id, so that it is stopped until fg; in one line, for what is typed behind fg may still go to the client.
    terminal.type('kill $(jobs -p); fg; echo code $?; stty -a | grep -c " icanon"');
    terminal.press('Enter');
    await terminal.shows('code 143\n1');
  },
);

test.skipIf(!hasTmux)(
  'on a real terminal (left out without tmux) that is dumb no control sequence is written, and into a file only answers go, without one',
  async () => {
    const { server } = await startFixture({ clock: systemClock });
    const folder = temporaryFolder();
    const [shown, stored] = [join(folder, 'screen'), join(folder, 'out.txt')];
    const dumb = TmuxTerminal.withClient(server.port, { environment: { TERM: 'dumb' } });
    dumb.copyTo(shown);
    const toFile = TmuxTerminal.enter(server.port, 'steve', { redirection: `> '${stored}'` });
    await dumb.logIn('jess');
    const typing = await toFile;
    dumb.type('MSG hel');
    await dumb.endsWith('> MSG hel');
    typing.type(`MSG hi`);
    await typing.endsWith('> MSG hi');
    typing.press('Enter');
    await dumb.shows('"hi", posted at');
    await dumb.endsWith('> MSG hel');
    dumb.type('lo');
    dumb.press('Enter', 'C-d');
    expect(await dumb.exit()).toBe(0);
    typing.press('C-d');
    expect(await typing.exit()).toBe(0);
    expect(readFileSync(shown, 'utf8')).not.toContain('\u001b');
    const lines = readFileSync(stored, 'utf8').split('\n');
    expect(lines[0]).toBe('Successfully connected to server');
    expect(lines.slice(-3)).toEqual([
      expect.stringMatching(/^#2, jess: "hello", posted at /),
      'Bye, steve!',
      '',
    ]);
    expect(lines.join('')).not.toMatch(/\u001b|Username|Password|> MSG/);
  },
);
