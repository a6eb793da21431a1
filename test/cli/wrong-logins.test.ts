import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, '../../bench/chat/wrong-logins.ts');

interface Flooded {
  readonly guesses: Readonly<Record<string, number>>;
  readonly loginsMs: readonly number[];
  readonly posts: { readonly count: number };
}

test('a real server under guesses lets others post and the user in from elsewhere', () => {
  const size = ['--guesses', '40', '--seconds', '2', '--rounds', '1'];
  const command = ['--import', 'tsx', script, ...size];
  const report = JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' })) as {
    readonly guessesAtAUser: Flooded;
    readonly guessesAtNobody: Flooded;
  };
  for (const flood of [report.guessesAtAUser, report.guessesAtNobody]) {
    expect(flood.loginsMs).toHaveLength(1);
    expect(flood.posts.count).toBeGreaterThan(0);
  }
  const outcomes = Object.keys(report.guessesAtAUser.guesses);
  expect(outcomes.filter((one) => one !== 'wrong-password' && one !== 'blocked')).toEqual([]);
  const atNobody = Object.keys(report.guessesAtNobody.guesses);
  expect(atNobody.filter((outcome) => outcome !== 'unknown-user')).toEqual([]);
});
