import { basename, dirname } from 'node:path';
import { expect, test } from 'vitest';
import { nameOfPaths } from '../../../src/transfer/files/transfer-name.ts';

const here = process.cwd();

test.each([
  [['a/movie.mp4'], 'movie.mp4'],
  [['a/b/', 'c'], 'b and 1 more'],
  [['.'], basename(here)],
  [['./src/..'], basename(here)],
  [['..', 'a', 'b'], `${basename(dirname(here))} and 2 more`],
  [['/'], 'root'],
  [['cafe\u0301'], 'café'],
])('what is sent from %j is called %s in every line', (paths, name) => {
  expect(nameOfPaths(paths)).toBe(name);
});
