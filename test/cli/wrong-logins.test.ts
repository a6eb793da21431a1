import { expect, test } from 'vitest';
import { runBench } from '../program/bench.ts';

interface Flooded {
  readonly guesses: Readonly<Record<string, number>>;
  readonly loginsMs: readonly number[];
  readonly posts: { readonly count: number };
}

test('a real server under guesses lets others post and the user in from elsewhere', () => {
  const size = ['--guesses', '4', '--seconds', '0.5', '--rounds', '1'];
  const report = JSON.parse(runBench('chat/wrong-logins', ...size)) as {
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
