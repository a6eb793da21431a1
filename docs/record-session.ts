/**
 * `npm run pictures`: what two people see who send each other a file, recorded on real terminals from the
 * compiled program: `session.svg`, `session.txt`. And a transfer over an emulated link, measured by
 * `upd bench` and drawn by `upd plot`: `bench.txt`, `transfer.svg`. `npm run pictures session` or `bench` makes
 * one of the two. Needs `npm run build` and tmux; takes half a minute.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Frame, plainLine, terminalPicture } from './terminal-picture.ts';
import { TerminalRecorder } from './terminal-recorder.ts';

const COLUMNS = 80;
const MOVIE_BYTES = 40_000_000;

const wanted = process.argv[2];
const docs = import.meta.dirname;
const program = join(docs, '../dist/program/upd.js');
const folder = mkdtempSync(join(tmpdir(), 'updraft-session-'));
const environment = { HOME: folder, PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` };
const open: TerminalRecorder[] = [];
let server: ChildProcess | undefined;

/** A terminal with a home of its own. */
function terminal(name: string, rows: number): TerminalRecorder {
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const state = { XDG_STATE_HOME: join(home, 'state') };
  const recorder = new TerminalRecorder({
    ...{ columns: COLUMNS, rows, folder: home },
    environment: { ...environment, ...state },
  });
  open.push(recorder);
  return recorder;
}

/** `upd` on the path, as after an installation. */
function install(): void {
  mkdirSync(join(folder, 'bin'));
  const script = join(folder, 'bin/upd');
  writeFileSync(script, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(script, 0o755);
}

async function startServer(): Promise<number> {
  copyFileSync(join(docs, '../credentials.txt'), join(folder, 'credentials.txt'));
  server = spawn(process.execPath, [program, 'server', '0', '3', '--dir', folder]);
  for await (const line of createInterface({ input: server.stdout! })) {
    const port = /^Server is running on .*:(\d+)$/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error('the server did not start');
}

async function logIn(terminal: TerminalRecorder, name: string, line: string): Promise<void> {
  terminal.enter(line);
  await terminal.see(/Username:/);
  terminal.enter(name);
  await terminal.see(/Password:/);
  terminal.enter(`${name}-pass`);
  await terminal.see(/OUT .*log out.*[^]*\n>/);
}

async function recordSession(): Promise<void> {
  const port = await startServer();
  const jess = terminal('jess', 40);
  const derek = terminal('derek', 40);
  writeFileSync(join(folder, 'derek/movie.mp4'), randomBytes(MOVIE_BYTES));
  await logIn(jess, 'jess', `upd client 127.0.0.1 ${port} 6000`);
  await logIn(derek, 'derek', `upd client 127.0.0.1 ${port} 6001 --rate 10M`);
  await derek.see(/jess, 127\.0\.0\.1, 6000/);
  const welcome = derek.screen();
  for (const person of [jess, derek]) person.clear();
  derek.enter('MSG the film is coming');
  await derek.see(/Message #1 posted/);
  derek.enter('UPD jess movie.mp4');
  await derek.see(/ [3-6]\d %/);
  jess.enter('DM derek I see it, thanks');
  derek.type('MSG is everybody else ');
  await derek.see(/\(private\)/);
  const sending = derek.screen();
  derek.enter('here?');
  await derek.see(/has been delivered to jess/);
  derek.enter('OUT');
  await derek.see(/Bye, derek!/);
  await jess.see(/Received movie\.mp4/);
  write('session', [
    { title: 'derek logs in', lines: welcome },
    { title: 'derek sends a film to jess; she writes; he is typing', lines: sending },
    { title: 'jess', lines: jess.screen() },
    { title: 'derek, afterwards', lines: derek.screen() },
  ]);
}

async function recordBench(): Promise<void> {
  const shell = terminal('bench', 40);
  shell.enter('upd bench --rate 20mbit --rtt 40 --loss 3% --trace run.sqlog');
  await shell.see(/limited by [^]*\n\$/);
  shell.enter('upd plot run.sqlog');
  await shell.see(/run\.sqlog\.svg\n\$/);
  const lines = shell.screen().slice(0, -1);
  writeFileSync(join(docs, 'bench.txt'), textOf(lines));
  copyFileSync(join(folder, 'bench/run.sqlog.svg'), join(docs, 'transfer.svg'));
}

/** The picture leaves out the login, whose text is long. */
function write(name: string, frames: readonly Frame[]): void {
  writeFileSync(join(docs, `${name}.svg`), terminalPicture(frames.slice(1, 3), COLUMNS));
  const texts = frames.map(({ title, lines }) => `--- ${title}\n\n${textOf(lines)}`);
  writeFileSync(join(docs, `${name}.txt`), texts.join('\n'));
}

function textOf(lines: readonly string[]): string {
  return `${lines.map((line) => plainLine(line).trimEnd()).join('\n')}\n`;
}

try {
  readFileSync(program);
  install();
  if (wanted !== 'bench') await recordSession();
  if (wanted !== 'session') await recordBench();
} finally {
  for (const terminal of open) terminal.close();
  if (server?.exitCode === null) {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
