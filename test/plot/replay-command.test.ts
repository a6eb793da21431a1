import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { addReplayCommand } from '../../src/cli/replay.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { tracedRun } from '../transfer/trace/traced-run.ts';

const { a: TRACE } = tracedRun(1);
let out = '';
let errors = '';

beforeEach(() => {
  [out, errors] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((errors += String(text)), true));
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Its exit code. */
async function replay(content: string | Buffer): Promise<unknown> {
  const path = join(temporaryFolder(), 'trace');
  writeFileSync(path, content);
  const program = new Command('upd');
  addReplayCommand(program);
  await program.parseAsync(['replay', path], { from: 'user' });
  return process.exitCode;
}

test('of a trace of this version one line says that it would do the same', async () => {
  expect(await replay(TRACE)).toBe(0);
  expect(out).toMatch(
    /^Connection 1: \d+ packets, \d+ of them lost, and \d+ ACKs: this version would do the same\.\n$/,
  );
  expect(errors).toBe('');
});

test('a trace that ends early is replayed up to there, and one line says so', async () => {
  expect(await replay(TRACE.slice(0, TRACE.length / 2))).toBe(0);
  expect(out).toMatch(/this version would do the same\.\n$/);
  expect(errors).toMatch(/^\S+ ends early: it was replayed up to there\.\n$/);
});

test('differences are told with their time, the first five of them', async () => {
  const other = TRACE.replaceAll('recovery:packet_lost', 'recovery:nothing');
  expect(await replay(other)).toBe(0);
  const [summary, ...lines] = out.trimEnd().split('\n');
  expect(summary).toMatch(/this version would act differently \d+ times\.$/);
  for (const line of lines.slice(0, 5)) {
    expect(line).toMatch(/^ {2}\d+\.\d{6} s: packet \d+ would be declared lost, and was not$/);
  }
  expect(lines[5]).toMatch(/^ {2}… and \d+ more, which may come of these\.$/);
  expect(lines.length).toBe(6);
});

test.each([
  ['no trace at all', 'hello', 'is no trace: '],
  ['a trace without a connection', TRACE.slice(0, TRACE.indexOf('\n') + 1), 'holds no connection'],
  ['a damaged trace', TRACE.replace('"data"', '"da'), 'is damaged: 1 records were left out'],
])('%s is one line on stderr and exit code 3', async (_what, content, reason) => {
  expect(await replay(content)).toBe(3);
  expect(errors.split('\n')).toHaveLength(2);
  expect(errors).toContain(reason);
});
