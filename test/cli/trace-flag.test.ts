import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { eventsIn } from '../transfer/trace/trace-text.ts';
import { randomFile } from './sample-files.ts';
import { Receiver } from './ticket-processes.ts';

test('a trace that would take the place of a file is one line and exit code 3, before any ticket', async () => {
  const film = randomFile(temporaryFolder(), 'movie.mp4', 100);
  const content = readFileSync(film);
  const receiver = new Receiver(['--trace', film]);
  expect(await receiver.exit).toBe(3);
  expect([receiver.out, receiver.errors]).toEqual([
    [],
    [
      `upd receive: the trace ${film} cannot be written: it exists and is no trace: name another file`,
    ],
  ]);
  expect(readFileSync(film).equals(content)).toBe(true);
});

test('the trace of a command that SIGINT ends is whole', async () => {
  const trace = join(temporaryFolder(), 'trace');
  const receiver = new Receiver(['--trace', trace]);
  await receiver.ticket();
  expect(existsSync(trace)).toBe(true);
  receiver.child.kill('SIGINT');
  expect(await receiver.exit).toBe(130);
  expect(eventsIn(readFileSync(trace, 'utf8')).map(({ name }) => name)).toEqual([
    'updraft:trace_ended',
  ]);
});
