import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StateFile } from '../../src/chat/io/state-file.ts';
import { temporaryFolder } from './server-fixture.ts';

interface Fixture {
  readonly path: string;
  readonly state: string[];
  readonly file: StateFile;
  readonly errors: Error[];
  readonly saves: () => number;
}

async function newFile(): Promise<Fixture> {
  const path = join(temporaryFolder(), 'log.txt');
  const state: string[] = [];
  const errors: Error[] = [];
  let saveCount = 0;
  const file = new StateFile(path, () => [...state], {
    onSaved: () => (saveCount += 1),
    onError: (error) => errors.push(error),
  });
  await file.create();
  return { path, state, file, errors, saves: () => saveCount };
}

test('a thousand changes in one turn share one write, which holds them all', async () => {
  const { path, state, file, saves } = await newFile();
  for (let index = 0; index < 1_000; index += 1) {
    state.push(`${index}\n`);
    file.append(`${index}\n`);
  }
  expect(file.savedVersion).toBe(0);
  await file.settled();
  expect(readFileSync(path, 'utf8')).toBe(state.join(''));
  expect(file.savedVersion).toBe(1_000);
  expect(saves()).toBe(1);
});

test('an append after a rewrite of the same turn is not written twice', async () => {
  const { path, state, file } = await newFile();
  state.push('a\n');
  file.append('a\n');
  state[0] = 'A\n';
  file.rewrite();
  state.push('b\n');
  file.append('b\n');
  await file.settled();
  expect(readFileSync(path, 'utf8')).toBe('A\nb\n');
  state.push('c\n');
  file.append('c\n');
  await file.settled();
  expect(readFileSync(path, 'utf8')).toBe('A\nb\nc\n');
  expect(readdirSync(join(path, '..'))).toEqual(['log.txt']);
});

test('a change that comes while a write runs is in the next one', async () => {
  const { path, state, file } = await newFile();
  state.push('x'.repeat(200_000), '\n');
  const version = file.rewrite();
  while (file.savedVersion < version) {
    if (state.length < 20) {
      state.push('late\n');
      file.append('late\n');
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await file.settled();
  expect(readFileSync(path, 'utf8').split('late\n').length).toBe(state.length - 1);
});

test('a write that fails is reported, and a later try writes the whole state', async () => {
  const { path, state, file, errors } = await newFile();
  rmSync(path);
  mkdirSync(path); // neither can be appended to nor replaced
  state.push('a\n');
  file.append('a\n');
  await file.settled();
  expect(errors).toHaveLength(1);
  expect(file.savedVersion).toBe(1);
  file.retry();
  await file.settled();
  expect(errors).toHaveLength(2);
  rmdirSync(path);
  file.retry();
  await file.settled();
  expect(readFileSync(path, 'utf8')).toBe('a\n');
  file.retry();
  expect(file.version).toBe(3);
});
