import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  InputHistory,
  MAX_HISTORY_CHARACTERS,
  MAX_HISTORY_LINES,
} from '../../src/cli/terminal/input-history.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';

function newPath(): string {
  return join(temporaryFolder(), 'updraft', 'history');
}

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

test('the next run has what was typed in the one before, in a file for its owner only', () => {
  const path = newPath();
  const history = new InputHistory(path);
  expect(history.lines).toEqual([]);
  history.add('MSG hello');
  history.add('UPD jess a.txt');
  expect(new InputHistory(path).lines).toEqual(['MSG hello', 'UPD jess a.txt']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  chmodSync(path, 0o644);
  expect(new InputHistory(path).unkept).toBeUndefined();
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('two programs at once keep the lines of both', () => {
  const path = newPath();
  const [one, other] = [new InputHistory(path), new InputHistory(path)];
  one.add('MSG one');
  other.add('MSG other');
  one.add('MSG one more');
  expect(new InputHistory(path).lines).toEqual(['MSG one', 'MSG other', 'MSG one more']);
});

test.each([
  ['a line that begins with a blank', ' DM jess secret'],
  ['an empty line', ''],
  ['a line that moves the cursor', 'MSG \u001b[2J'],
  ['a line that is too long', 'x'.repeat(MAX_HISTORY_CHARACTERS + 1)],
])('%s is not kept, nor taken from a file', (_title, line) => {
  const path = newPath();
  const history = new InputHistory(path);
  expect(history.add(line)).toBe(false);
  history.add('ATU');
  expect(linesOf(path)).toEqual(['ATU']);
  writeFileSync(path, `${line}\nHLP\n`);
  expect(new InputHistory(path).lines).toEqual(['HLP']);
});

test('neither what is remembered nor the file grows without end, and the last lines are the ones kept', () => {
  const path = newPath();
  const history = new InputHistory(path);
  let largest = 0;
  const count = 3 * MAX_HISTORY_LINES;
  for (let number = 1; number <= count; number++) {
    history.add(`MSG ${number}`);
    largest = Math.max(largest, linesOf(path).length);
  }
  expect(largest).toBe(2 * MAX_HISTORY_LINES);
  for (const { lines } of [history, new InputHistory(path)]) {
    expect(lines).toHaveLength(MAX_HISTORY_LINES);
    expect(lines[0]).toBe(`MSG ${count - MAX_HISTORY_LINES + 1}`);
    expect(lines.at(-1)).toBe(`MSG ${count}`);
  }
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(path, 'ATU\n'.repeat(2 * MAX_HISTORY_LINES + 1));
  new InputHistory(path);
  expect(linesOf(path)).toHaveLength(MAX_HISTORY_LINES);
});

test('a last line that nobody finished does not grow together with the next one', () => {
  const path = newPath();
  mkdirSync(dirname(path));
  writeFileSync(path, 'ATU\nMSG hal');
  new InputHistory(path).add('HLP');
  expect(new InputHistory(path).lines).toEqual(['ATU', 'HLP']);
});

test.each([
  ['a folder', (path: string) => mkdirSync(path, { recursive: true })],
  [
    'a file where its folder belongs',
    (path: string) => {
      writeFileSync(dirname(path), '');
    },
  ],
])('%s in its place is told, and what is typed is remembered for this run', (_title, make) => {
  const path = newPath();
  make(path);
  const history = new InputHistory(path);
  expect(history.unkept).toBeInstanceOf(Error);
  expect(history.add('ATU')).toBe(true);
  expect(history.lines).toEqual(['ATU']);
});
