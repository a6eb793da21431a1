import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/chat/io/clock.ts';
import { startFixture, temporaryFolder } from '../chat/server-fixture.ts';
import { ClientProcess } from './client-process.ts';
import { randomFile, sha256 } from './sample-files.ts';

const DOCS = resolve(import.meta.dirname, '../../docs');

/** Lines of JSON, each of which follows the schema. */
function validated(schema: string, lines: readonly string[]): Record<string, unknown>[] {
  const text = readFileSync(join(DOCS, `${schema}.schema.json`), 'utf8');
  const validate = new Ajv({ formats: { 'date-time': true } }).compile(JSON.parse(text) as object);
  return lines.map((line) => {
    const value = JSON.parse(line) as Record<string, unknown>;
    expect(validate(value), `${line}\n${JSON.stringify(validate.errors)}`).toBe(true);
    return value;
  });
}

test('a client with --json says events only, from its first line to its last; receipts of both sides agree; --quiet leaves the results', async () => {
  const { server } = await startFixture({ clock: systemClock });
  const folder = temporaryFolder();
  const receipts = { derek: join(folder, 'sent'), jess: join(folder, 'received') };
  const [derek, jess] = await Promise.all([
    ClientProcess.enter(server.port, 'derek', { flags: ['--json', '--receipt', receipts.derek] }),
    ClientProcess.enter(server.port, 'jess', { flags: ['--quiet', '--receipt', receipts.jess] }),
  ]);
  const a = randomFile(folder, 'photos/a', 2_000);
  execFileSync('mkfifo', [join(folder, 'photos/fifo')]);
  derek.type(`UPD jess ${folder}/photos`, 'OUT');
  expect(await derek.exit).toBe(0);
  await jess.see('Received photos from derek (1 files, 2.0 kB, stored as ');
  jess.type('OUT');
  expect(await jess.exit).toBe(0);
  expect(jess.errors).toEqual([]);

  const events = validated('events', derek.out);
  const texts = events.filter(({ t }) => t === 'text').map(({ text }) => text);
  expect(texts.slice(0, 4)).toEqual([
    'Successfully connected to server',
    'Username: ',
    'Password: ',
    'Welcome to updraft, derek!',
  ]);
  expect(texts.at(-1)).toBe('Bye, derek!');
  const failure = { name: 'photos/fifo', code: 'local-file' };
  expect(events.filter(({ t }) => t === 'done')).toMatchObject([
    { id: 1, files: 1, failedCount: 1, failures: [failure], exit: 23 },
  ]);
  expect(derek.errors).toContain(
    `photos/fifo could not be delivered to jess: ${folder}/photos/fifo: is a FIFO, not a regular file.`,
  );
  const [sent, received] = [receipts.derek, receipts.jess].map((path) =>
    validated('receipt', readFileSync(path, 'utf8').trimEnd().split('\n')),
  );
  const files = [{ name: 'photos/a', sizeBytes: 2_000, sha256: sha256(a) }];
  const photos = { kind: 'folder', name: 'photos', totalBytes: 2_000, fileCount: 1, files };
  expect(sent).toMatchObject([{ peer: 'jess', items: [photos], failures: [failure] }]);
  expect(received).toMatchObject([{ peer: 'derek', items: [photos], failedCount: 0 }]);
  expect(sha256(jess.received('derek_photos/a'))).toBe(sha256(a));
});

test.each([
  ['two flags that contradict each other', ['--overwrite', '--skip'], 2, 'contradict'],
  ['an inbox that is not there', ['--inbox', '/no/inbox'], 3, '/no/inbox is not a folder'],
  ['a receipt that cannot be', ['--receipt', '/no/dir/r'], 3, '/no/dir/r cannot be written'],
])(
  '%s: an error event, a line and the exit code before anything else',
  async (_what, flags, exit, reason) => {
    const client = new ClientProcess(1, { flags: ['--json', ...flags] });
    expect(await client.exit).toBe(exit);
    expect(client.errors).toEqual([expect.stringContaining(reason)]);
    expect(validated('events', client.out)).toMatchObject([{ t: 'error', exit }]);
  },
);
