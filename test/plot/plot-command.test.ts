import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { addPlotCommand } from '../../src/cli/plot.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { tracedRun } from '../transfer/trace/traced-run.ts';

const { a: TRACE } = tracedRun(1);
let out = '';
let errors = '';
let path = '';

beforeEach(() => {
  [out, errors] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
  path = join(temporaryFolder(), 'trace');
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Its exit code. */
async function plot(content: string | Buffer, ...flags: readonly string[]): Promise<unknown> {
  writeFileSync(path, content);
  return run(path, ...flags);
}

async function run(...args: readonly string[]): Promise<unknown> {
  const program = new Command('upd');
  addPlotCommand(program);
  await program.parseAsync(['plot', ...args], { from: 'user' });
  return process.exitCode;
}

test('a sketch and the path of the SVG are on stdout, nothing on stderr', async () => {
  expect(await plot(TRACE)).toBe(0);
  expect(out).toMatch(/^Connection 1: 3\.0 MB sent to b port 7000 in /);
  expect(out.trimEnd().split('\n').at(-1)).toBe(`${path}.svg`);
  expect(errors).toBe('');
  expect(readFileSync(`${path}.svg`, 'utf8')).toContain('trace, connection 1');
});

test('with --quiet there is only the path, and --out says which', async () => {
  const svg = join(temporaryFolder(), 'x.svg');
  expect(await plot(TRACE, '--quiet', '--out', svg)).toBe(0);
  expect([out, errors]).toEqual([`${svg}\n`, '']);
  expect(readFileSync(svg, 'utf8')).toMatch(/^<svg /);
});

test('a trace that ends early is drawn up to there, one line says so, exit code 3', async () => {
  expect(await plot(TRACE.slice(0, TRACE.length / 2))).toBe(3);
  expect(out).toContain('Connection 1: ');
  expect(readFileSync(`${path}.svg`, 'utf8')).toMatch(/^<svg /);
  expect(errors).toBe(
    `upd plot: ${path} ends early: whoever wrote it was stopped, or is still at it.\n`,
  );
});

test('a trace with damaged records is drawn without them, one line says so, exit code 3', async () => {
  const damaged = Buffer.from(TRACE);
  for (const at of [5_000, 50_000, 100_000]) damaged.write('###\n###', at);
  expect(await plot(damaged)).toBe(3);
  expect(errors).toMatch(/^upd plot: .*trace is damaged: [1-6] records were left out\.\n$/);
});

test.each([
  ['no trace at all', Buffer.from([0, 1, 2]), 'is no trace: it is no sequence of JSON records'],
  ['an empty file', '', 'is no trace: it is empty'],
  ['a trace without a connection', TRACE.slice(0, TRACE.indexOf('\n') + 1), 'holds no connection'],
])('%s is one line and exit code 3, and no SVG', async (_what, content, reason) => {
  expect(await plot(content)).toBe(3);
  expect(errors.split('\n')).toHaveLength(2);
  expect(errors).toContain(reason);
  expect(out).toBe('');
  expect(() => readFileSync(`${path}.svg`)).toThrow('ENOENT');
});

test('a trace that is not there, and an SVG that cannot be written, are exit code 3', async () => {
  expect(await run('/no/trace')).toBe(3);
  expect(errors).toContain('upd plot: /no/trace cannot be read: ENOENT');
  errors = '';
  expect(await plot(TRACE, '--out', '/no/folder/x.svg')).toBe(3);
  expect(errors).toContain('upd plot: /no/folder/x.svg cannot be written: ENOENT');
});

test('a trace is not drawn over itself, by whatever name', async () => {
  const link = join(temporaryFolder(), 'link');
  symlinkSync(path, link);
  for (const out of [path, link]) {
    expect(await plot(TRACE, '--out', out)).toBe(2);
    expect(readFileSync(path, 'utf8')).toBe(TRACE);
  }
  expect(errors).toBe(
    [path, link]
      .map((out) => `upd plot: --out ${out} is the trace itself: name another file\n`)
      .join(''),
  );
});

test('of several connections the one that carried most is drawn, and another one when it is named', async () => {
  const second = TRACE.replaceAll('"group_id":"1"', '"group_id":"2"').split('\x1e').slice(2);
  const less = second.slice(0, 500).map((record) => `\x1e${record}`);
  const end = TRACE.lastIndexOf('\x1e');
  const both = TRACE.slice(0, end) + less.join('') + TRACE.slice(end);
  expect(await plot(both)).toBe(0);
  expect(out).toContain('Connection 1: ');
  expect(errors).toBe('Other connections, for --connection: 2.\n');
  out = '';
  expect(await plot(both, '--connection', '2')).toBe(0);
  expect(out).toContain('Connection 2: ');
  errors = '';
  expect(await plot(both, '--connection', '7')).toBe(2);
  expect(errors).toBe(`upd plot: ${path} has no connection 7, but 1, 2\n`);
});

test('events that the traced program had no room for are counted', async () => {
  const at = TRACE.indexOf('\x1e', 5_000);
  const missing =
    '\x1e{"time":0,"name":"updraft:events_missing","group_id":"endpoint","data":{"count":70}}\n';
  expect(await plot(TRACE.slice(0, at) + missing + TRACE.slice(at))).toBe(0);
  expect(errors).toBe('70 events are missing: the disk was too slow for them.\n');
});
