import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const top = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(top, 'docs/invariants.md'), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| **'));

test('the page of invariants names files that exist', () => {
  const named = [...page.matchAll(/`((?:src|test)\/[^`]+)`/g)].map(([, file]) => file!);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((file) => !existsSync(join(top, file)))).toEqual([]);
});

test('each invariant names what holds it', () => {
  const [, , ...invariants] = rows;
  const unheld = invariants.filter((row) => !/the watch|`test\//.test(row.split('|')[3]!));
  expect(unheld).toEqual([]);
});

test('each assertion that the page names a file for is there', () => {
  const asserting = rows.flatMap((row) => [...row.split('|')[2]!.matchAll(/`(src[^`]+)`/g)]);
  const bare = asserting.filter(
    ([, file]) => !readFileSync(join(top, file!), 'utf8').includes('assert('),
  );
  expect(bare).toEqual([]);
});
