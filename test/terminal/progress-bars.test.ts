import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { barLine, MAX_DRAWS_PER_SEC, ProgressBars } from '../../src/cli/terminal/progress-bars.ts';
import { canDraw, ScreenFoot } from '../../src/cli/terminal/screen-foot.ts';
import { FakeTransfer } from '../chat/fake-endpoint.ts';
import { FakeScreen } from './fake-screen.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A transfer of 20 MB that has come so far. */
function transferAt(megabytes: number, name = 'movie.mp4'): FakeTransfer {
  const transfer = new FakeTransfer('send', 1, 'jess', name);
  transfer.state = 'running';
  const progress = { transferredBytes: megabytes * 1e6, totalBytes: 20e6, bytesPerSec: 5e6 };
  transfer.progress = { ...transfer.progress, ...progress };
  return transfer;
}

test('a bar says name, bytes, %, rate and ETA', () => {
  expect(barLine(transferAt(5), 'movie.mp4', 100)).toBe(
    'movie.mp4  [#######---------------------]   25 %  5.0 MB of 20.0 MB  5.0 MB/s  ETA 3.0 s',
  );
});

test('100 % is not shown before it is verified', () => {
  expect(barLine(transferAt(20), 'movie.mp4', 100)).toContain(' 99 %');
});

test('a bar shows that the way is direct, and how long it takes, where there is room', () => {
  const transfer = transferAt(5);
  transfer.progress.route = { peer: { address: '192.0.2.7', port: 6000 }, roundTripMs: 40.06 };
  expect(barLine(transfer, 'movie.mp4', 100)).toMatch(/ {2}ETA 3\.0 s {2}direct, 40\.1 ms$/);
  expect(barLine(transfer, 'movie.mp4', 80)).toMatch(/ {2}ETA 3\.0 s$/);
});

test('a transfer that waits says why instead of its rate', () => {
  const transfer = transferAt(5);
  transfer.state = 'stalled';
  transfer.progress = { ...transfer.progress, stalledMs: 7_200 };
  expect(barLine(transfer, transfer.name, 100)).toMatch(/ {2}stalled 7s$/);
  transfer.state = 'paused';
  transfer.progress = { ...transfer.progress, pauseReason: 'no-space' };
  expect(barLine(transfer, transfer.name, 100)).toMatch(/ {2}paused: disk full$/);
  transfer.state = 'checking';
  expect(barLine(transfer, transfer.name, 100)).toMatch(/ {2}checking$/);
  transfer.state = 'opening';
  expect(barLine(transfer, transfer.name, 100)).toMatch(/ {2}connecting$/);
});

/** No character takes more than two columns; those below U+1100 and the ellipsis take one. */
function mostColumns(text: string): number {
  return Array.from(text).reduce(
    (sum, c) => sum + (c === '…' || c.codePointAt(0)! < 0x1100 ? 1 : 2),
    0,
  );
}

test('a bar never fills its row, whatever the name and however narrow the window', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.integer({ min: 1, max: 200 }),
      fc.nat(20),
      (name, columns, megabytes) => {
        const line = barLine(transferAt(megabytes), name, columns);
        expect(mostColumns(line)).toBeLessThan(Math.max(columns, 2));
        expect(line).not.toMatch(/[\n\r\u001b]/);
      },
    ),
  );
});

test('bars are drawn 10 times a second at most, each over the one before, and wiped at the end', async () => {
  const screen = new FakeScreen(80);
  const foot = new ScreenFoot(screen, {});
  const bars = new ProgressBars(foot);
  const [one, other] = [transferAt(1, 'one'), transferAt(2, 'other')];
  bars.add(one, 'one');
  bars.add(other, 'other');
  let drawCount = 0;
  const write = screen.write.bind(screen);
  vi.spyOn(screen, 'write').mockImplementation((chunk: string) => {
    if (chunk.includes('one')) drawCount++;
    return write(chunk);
  });
  for (let step = 0; step < 100; step++) {
    one.progress.transferredBytes += 100_000;
    vi.advanceTimersByTime(10);
  }
  expect(drawCount).toBe(MAX_DRAWS_PER_SEC);
  // What has not changed is not drawn again.
  vi.advanceTimersByTime(10_000);
  expect(drawCount).toBe(MAX_DRAWS_PER_SEC);
  expect(screen.shown.map((row) => row.split(' ')[0])).toEqual(['one', 'other', '']);
  foot.above(() => screen.write('a result\n'));
  expect(screen.shown.map((row) => row.slice(0, 8).trim())).toEqual([
    'a result',
    'one  [##',
    'other  [',
    '',
  ]);
  one.finish(20e6, 1_000);
  other.finish(20e6, 1_000);
  await Promise.all([one.done, other.done]);
  vi.advanceTimersByTime(1_000);
  expect(screen.shown).toEqual(['a result', '']);
  expect(vi.getTimerCount()).toBe(0);
});

test('of very many transfers some are drawn and the others counted', () => {
  const screen = new FakeScreen(80);
  const bars = new ProgressBars(new ScreenFoot(screen, {}));
  for (let count = 0; count < 100; count++) bars.add(transferAt(1), 'movie.mp4');
  vi.advanceTimersByTime(100);
  expect(screen.shown).toHaveLength(10);
  expect(screen.shown.at(-2)).toBe('and 92 more');
});

test('a low window keeps a row for the prompt and one above, and bars get the others', () => {
  for (const [rows, expected] of [
    [6, ['movie.mp4', 'movie.mp4', 'movie.mp4', 'and 7 more', '']],
    [3, ['and 10 more', '']],
    [2, ['']],
    [1, ['']],
  ] as const) {
    const screen = new FakeScreen(80, true, rows);
    const bars = new ProgressBars(new ScreenFoot(screen, {}));
    for (let count = 0; count < 10; count++) bars.add(transferAt(1), 'movie.mp4');
    vi.advanceTimersByTime(100);
    expect(screen.shown.map((row) => row.replace(/ {2}.*$/, ''))).toEqual(expected);
  }
});

test('the bar of one that waits is yellow, unless colours are not wanted', () => {
  const waiting = transferAt(5);
  waiting.state = 'stalled';
  for (const [environment, isColoured] of [
    [{}, true],
    [{ NO_COLOR: '' }, true],
    [{ NO_COLOR: '1' }, false],
  ] as const) {
    const screen = new FakeScreen(80);
    const bars = new ProgressBars(new ScreenFoot(screen, environment));
    bars.add(waiting, 'movie.mp4');
    bars.add(transferAt(5), 'other');
    vi.advanceTimersByTime(100);
    expect(screen.written.includes('\u001b[33mmovie.mp4')).toBe(isColoured);
    expect(screen.written.split(/\u001b\[\d+m/)).toHaveLength(isColoured ? 3 : 1);
  }
});

test('bars are for screens that can wipe what was drawn', () => {
  expect(canDraw(new FakeScreen(80), {})).toBe(true);
  expect(canDraw(new FakeScreen(80), { NO_COLOR: '1' })).toBe(true);
  expect(canDraw(new FakeScreen(80), { TERM: 'dumb' })).toBe(false);
  expect(canDraw(new FakeScreen(80, false), {})).toBe(false);
});
