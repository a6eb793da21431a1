import { expect, test } from 'vitest';
import { MAX_NAMED_PATHS, resendAdvice } from '../../src/report/resend-advice.ts';
import { missingPaths } from '../../src/report/missing-paths.ts';
import type { EntryFailure } from '../../src/transfer/index.ts';

function failed(...names: readonly string[]): Parameters<typeof missingPaths>[1] {
  const failures = names.map((name): EntryFailure => {
    return { name, code: 'local-file', reason: 'permission denied' };
  });
  return { failures, failedCount: names.length };
}

test('a path lacks something when it, or anything below it, was left out', () => {
  const paths = ['a.txt', '../b.txt', '/tmp/photos/', 'docs'];
  expect(missingPaths(paths, failed('b.txt', 'photos/x', 'photos/sub/y'))).toEqual([
    '../b.txt',
    '/tmp/photos/',
  ]);
});

test('what the receiver has by that name already is not missing', () => {
  const there = { name: 'photos/x', code: 'exists', reason: 'the name exists already' } as const;
  const paths = ['photos', 'b'];
  expect(missingPaths(paths, { failures: [there], failedCount: 1 })).toEqual([]);
  const both = { failures: [there, ...failed('b').failures], failedCount: 2 };
  expect(missingPaths(paths, both)).toEqual(['b']);
});

test('where paths share a name, or not every failure is listed, nothing is claimed', () => {
  expect(missingPaths(['one/x', 'other/x'], failed('x'))).toBeUndefined();
  expect(missingPaths(['x'], { ...failed('x/a'), failedCount: 2 })).toBeUndefined();
  expect(missingPaths(['x'], failed('y/a'))).toBeUndefined();
});

test('the command names what is missing, as a shell takes it, and of a ticket only the beginning', () => {
  const paths = ['a', 'my photos', 'say "hi" $x', "it's \u001b[2J"];
  expect(resendAdvice(paths, paths.slice(1), 'upd1IMaGMF0qH6zE56')).toBe(
    `Once its cause is gone, this sends only what is missing: upd send "my photos" 'say "hi" $x' "it's \u241b[2J" --to upd1IMaG…`,
  );
  expect(resendAdvice(paths, ['a'], '@my ticket')).toMatch(/: upd send a --to "@my ticket"$/);
  expect(resendAdvice(paths, ['a'], undefined)).toMatch(/: upd send a$/);
  expect(resendAdvice(['a'], ['a'], undefined)).toMatch(/the same command/);
});

test('so many paths are named and no more', () => {
  const paths = Array.from({ length: MAX_NAMED_PATHS + 2 }, (_, index) => `f${index}`);
  expect(resendAdvice(paths, paths.slice(2), undefined)).toContain(` f${MAX_NAMED_PATHS + 1}`);
  expect(resendAdvice(paths, paths.slice(1), undefined)).toContain('the lines above');
  expect(resendAdvice(paths, undefined, undefined)).toContain('the lines above');
});
