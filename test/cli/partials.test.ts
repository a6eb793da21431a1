import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { beforeEach, describe, expect, test } from 'vitest';
import { formatState, newState } from '../../src/transfer/io/disk/disk-state.ts';
import { signatureOf } from '../../src/transfer/io/disk/partial-owner.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';
import { offeredFile } from '../transfer/files/memory-disk.ts';
import { Receiver } from './ticket-processes.ts';
import { UpdProcess } from './upd-process.ts';

const DAY_MS = 86_400_000;
const schemaPath = resolve(import.meta.dirname, '../../docs/events.schema.json');
const validate = new Ajv().compile(JSON.parse(readFileSync(schemaPath, 'utf8')) as object);

let dir = '';

beforeEach(() => {
  dir = temporaryFolder();
});

/** What a transfer has left, some days ago. */
function leave(name: string, days: number, owner = ''): void {
  const state = newState('derek', offeredFile({ name, sizeBytes: 4_000_000 }), name);
  const [part, record] = [join(dir, `${name}.part`), join(dir, `${name}.part.state`)];
  writeFileSync(part, Buffer.alloc(1_500_000, 1));
  writeFileSync(record, formatState({ ...state, owner, durableBytes: 1_000_000 }));
  const then = (Date.now() - days * DAY_MS - 60_000) / 1_000;
  for (const path of [part, record]) utimesSync(path, then, then);
}

function partials(...args: readonly string[]): UpdProcess {
  return new UpdProcess(['partials', ...args, '--dir', dir]);
}

test('partials are listed by age, with sender, what is held and what of', async () => {
  leave('new.mp4', 0);
  leave('old.mp4', 20);
  writeFileSync(join(dir, 'mine.part'), 'no partial of this program');
  writeFileSync(join(dir, 'broken.part.state'), '{');
  const upd = partials();
  expect(await upd.exit).toBe(0);
  expect(upd.out).toEqual([
    'NAME     FROM   HELD    OF      AGE',
    'old.mp4  derek  1.5 MB  4.0 MB  20 days',
    'new.mp4  derek  1.5 MB  4.0 MB  1 min',
  ]);
  expect(readdirSync(dir)).toHaveLength(6);
});

test('without partials nothing is on stdout', async () => {
  const upd = partials();
  expect([await upd.exit, upd.out, upd.errors]).toEqual([
    0,
    [],
    [`There are no partials in ${dir}.`],
  ]);
});

test('what is removed is the named partial and its state, and nothing else', async () => {
  for (const name of ['a', 'b', 'c']) leave(name, 1);
  writeFileSync(join(dir, 'a'), 'a file');
  const upd = partials('remove', 'a', 'b.part');
  expect(await upd.exit).toBe(0);
  expect(upd.out).toEqual(['a', 'b'].map((name) => `Removed ${join(dir, name)}.part (1.5 MB).`));
  expect(readdirSync(dir).sort()).toEqual(['a', 'c.part', 'c.part.state']);
});

test('a folder is removed with what it holds', async () => {
  const entry = { ...offeredFile({ name: 'photos' }), kind: 'folder' as const };
  mkdirSync(join(dir, 'photos.part', 'sub'), { recursive: true });
  writeFileSync(join(dir, 'photos.part', 'sub', 'a'), 'content');
  writeFileSync(
    join(dir, 'photos.part.state'),
    formatState({ ...newState('derek', entry, 'photos'), owner: '' }),
  );
  expect(await partials('remove', 'photos').exit).toBe(0);
  expect(readdirSync(dir)).toEqual([]);
});

test('older than so many days counts from when something came last', async () => {
  leave('new', 6);
  leave('old', 7);
  leave('waiting', 90, signatureOf(process.pid, 0));
  const upd = partials('remove', '--older-than', '7');
  expect(await upd.exit).toBe(0);
  expect(upd.out).toEqual([`Removed ${join(dir, 'old.part')} (1.5 MB).`]);
  expect(upd.errors).toEqual(['waiting is being received: it stays.']);
  expect(readdirSync(dir)).toHaveLength(4);
});

test('one that is being received is not removed, and the others named are: exit code 3', async () => {
  leave('running', 0, signatureOf(process.pid, 0));
  leave('left', 0);
  const upd = partials('remove', 'running', 'nowhere', 'left');
  expect(await upd.exit).toBe(3);
  expect(upd.errors).toEqual([
    `upd partials: nowhere: no partial of that name in ${dir}`,
    'upd partials: running is being received; cancel that transfer first',
  ]);
  expect(readdirSync(dir).sort()).toEqual(['running.part', 'running.part.state']);
});

describe('usage is exit code 2', () => {
  test.each([
    ['neither names nor an age', ['remove'], 'say which'],
    ['names and an age', ['remove', 'a', '--older-than', '3'], 'not both'],
    ['an age that is none', ['remove', '--older-than', 'x'], 'A number of days'],
    ['another word', ['delete'], 'too many arguments'],
  ])('%s', async (_what, args, reason) => {
    const upd = partials(...args);
    expect(await upd.exit).toBe(2);
    expect(upd.errors.join('\n')).toContain(reason);
  });
});

test('a folder that is not there is exit code 3', async () => {
  const upd = new UpdProcess(['partials', '--dir', '/no/inbox']);
  expect(await upd.exit).toBe(3);
  expect(upd.errors).toEqual([
    'upd partials: /no/inbox is not a folder; name the inbox with --dir',
  ]);
});

test('events follow the schema', async () => {
  leave('a', 1);
  for (const [args, type] of [
    [['--json'], 'partial'],
    [['remove', 'a', '--json'], 'removed'],
  ] as const) {
    const upd = partials(...args);
    expect(await upd.exit).toBe(0);
    const [event] = upd.out.map((line) => JSON.parse(line) as { t: string });
    expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
    expect(event!.t).toBe(type);
  }
});

test('upd receive and upd client tell at their start of partials older than a week, and of no younger ones', async () => {
  leave('new', 6);
  const quiet = new Receiver([], dir);
  await quiet.ticket();
  await quiet.warned('Waiting');
  quiet.child.kill('SIGTERM');
  await quiet.exit;
  expect(quiet.errors.join('\n')).not.toContain('older than a week');
  leave('old', 8);
  const telling = new Receiver([], dir);
  expect(await telling.warned('older than a week')).toBe(
    `1 partial is older than a week (1.5 MB): see upd partials --dir ${dir}`,
  );
  // Of clients that find no server.
  const lines = [[], ['--quiet']].map(async (flags) => {
    const client = new UpdProcess(['client', '127.0.0.1', '1', '0', '--inbox', dir, ...flags]);
    expect(await client.exit).toBe(6);
    return client.errors.filter((line) => line.includes('older than a week')).length;
  });
  expect(await Promise.all(lines)).toEqual([1, 0]);
});
