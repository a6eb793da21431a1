import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openIdentityKey } from '../../src/chat/io/identity-key.ts';
import { startClient } from './client-fixture.ts';
import { startFixture, temporaryFolder } from './server-fixture.ts';

const KEY = '5a'.repeat(32);
const hasModes = process.platform !== 'win32';

function path(): string {
  return join(temporaryFolder(), 'identity');
}

test('a key is made at the first start, for its owner only, and is the same at every later one', async () => {
  const file = join(temporaryFolder(), 'state', 'updraft', 'identity');
  const made = await openIdentityKey(file);
  expect(made.privateKey).toHaveLength(32);
  expect(made.unkept).toBeUndefined();
  expect(readFileSync(file, 'utf8')).toBe(`${Buffer.from(made.privateKey).toString('hex')}\n`);
  if (hasModes) {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
  }
  expect((await openIdentityKey(file)).privateKey).toEqual(made.privateKey);
  expect((await openIdentityKey(path())).privateKey).not.toEqual(made.privateKey);
});

test('of clients that start at once in one folder, all have the same key, and nothing else is left', async () => {
  const dir = temporaryFolder();
  const file = join(dir, 'identity');
  const keys = await Promise.all(Array.from({ length: 8 }, () => openIdentityKey(file)));
  const digits = keys.map(({ privateKey }) => Buffer.from(privateKey).toString('hex'));
  expect(new Set(digits).size).toBe(1);
  expect(readdirSync(dir)).toEqual(['identity']);
});

test('a key that an editor saved with another line end is the same key', async () => {
  const file = path();
  writeFileSync(file, `${KEY}\r\n`, { mode: 0o600 });
  expect((await openIdentityKey(file)).privateKey).toEqual(Buffer.from(KEY, 'hex'));
});

test.each([
  ['nothing', ''],
  ['half a key', KEY.slice(1)],
  ['a digit too many', `${KEY}5`],
  ['capitals', KEY.toUpperCase()],
  ['two keys', `${KEY}\n${KEY}\n`],
  ['a megabyte', 'x'.repeat(1_000_000)],
])('a file with %s is an error that names it, and stays as it is', async (_, text) => {
  const file = path();
  writeFileSync(file, text, { mode: 0o600 });
  await expect(openIdentityKey(file)).rejects.toThrow(
    `${file}: it holds no identity key; put the right file back, or delete it for a new key`,
  );
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('a folder in its place is an error that names it', async () => {
  const file = path();
  mkdirSync(file, { mode: 0o700 });
  await expect(openIdentityKey(file)).rejects.toThrow(`${file}: `);
});

test.runIf(hasModes)('a FIFO in its place is an error and keeps nobody waiting', async () => {
  const file = path();
  execFileSync('mkfifo', ['-m', '600', file]);
  await expect(openIdentityKey(file)).rejects.toThrow(`${file}: it holds no identity key`);
});

test.runIf(hasModes).each([0o640, 0o604, 0o620, 0o610])(
  'a key that others may touch (mode %i) is refused with the command that mends it',
  async (mode) => {
    const file = path();
    writeFileSync(file, `${KEY}\n`);
    chmodSync(file, mode);
    await expect(openIdentityKey(file)).rejects.toThrow(
      `${file}: others may read this private key; if nobody has, run: chmod 600 ${file}`,
    );
    expect(readFileSync(file, 'utf8')).toBe(`${KEY}\n`);
  },
);

test('a client tells the server the public half of the key that it kept, at every start', async () => {
  const { server } = await startFixture();
  const stateDir = temporaryFolder();
  for (let start = 1; start <= 2; start++) {
    const { console, exit, endpoint } = startClient(server.port, { stateDir });
    console.type('jess', 'jess-pw', 'OUT');
    expect(await exit).toBe(0);
    const { privateKey } = endpoint().options;
    const kept = readFileSync(join(stateDir, 'identity'), 'utf8').trim();
    expect(Buffer.from(privateKey!).toString('hex')).toBe(kept);
    expect(console.errors).toEqual([]);
  }
});

test('a client whose key is malformed says so in one line and exits with 3, without a connection', async () => {
  const stateDir = temporaryFolder();
  const file = join(stateDir, 'identity');
  writeFileSync(file, 'no key', { mode: 0o600 });
  const { console, exit } = startClient(1, { stateDir });
  expect(await exit).toBe(3);
  expect(console.errors).toEqual([
    `The identity key cannot be used: ${file}: it holds no identity key; put the right file back, or ` +
      'delete it for a new key, which others must then TRUST.',
  ]);
  expect(console.rest()).toEqual([]);
});

test('a client whose key cannot be kept says so and goes on with a new one', async () => {
  const { server } = await startFixture();
  const stateDir = join(temporaryFolder(), 'dangling');
  symlinkSync('no/such/folder', stateDir);
  const { console, exit, endpoint } = startClient(server.port, { stateDir });
  console.type('jess', 'jess-pw', 'OUT');
  expect(await exit).toBe(0);
  expect(endpoint().options.privateKey).toHaveLength(32);
  expect(console.errors[0]).toMatch(/^The identity key cannot be kept: .* refuse your next key\.$/);
});
