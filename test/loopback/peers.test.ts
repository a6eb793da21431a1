import { expect, test } from 'vitest';
import { runBench } from '../program/bench.ts';

test('the bench beside other programs has every file whole, and names who is left out', () => {
  const names = 'updraft,updraft over,Node TLS,udx';
  const report = runBench(
    'peers/main',
    ...['--peers', names, '--rounds', '1', '--mib', '1', '--modules', '/nowhere'],
  );
  for (const name of ['updraft', 'updraft over', 'Node TLS']) {
    expect(report).toMatch(new RegExp(`^\\| ${name} +\\| +\\d+\\.\\d \\(.* 1 of 1 \\|$`, 'm'));
  }
  expect(report).toMatch(/^- udx: no udx-native in \/nowhere \(--install puts it there\)$/m);
  // Every program has taken CPU time on both sides, and the bench has heard of it.
  expect(report).not.toContain('NaN');
});
