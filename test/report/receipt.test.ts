import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Receipts } from '../../src/report/receipt.ts';
import { TransferError } from '../../src/transfer/index.ts';
import { temporaryFolder } from '../chat/server-fixture.ts';

const unsent = { direction: 'send', peer: 'jess', name: 'movie.mp4' } as const;
const lost = new TransferError('lost', 'nothing came');

function fileWith(content: string): string {
  const path = join(temporaryFolder(), 'receipt');
  writeFileSync(path, content);
  return path;
}

test.each([
  ['a film', 'not what a receipt begins with'],
  ['one byte', '{'],
  ['other JSON', '{"v":1,"t":"done"}\n'],
])('%s in the place of a receipt is left as it was', (_what, content) => {
  const path = fileWith(content);
  expect(() => new Receipts(path)).toThrow(
    `the receipt ${path} cannot be written: it exists and is no receipt: name another file`,
  );
  expect(readFileSync(path, 'utf8')).toBe(content);
});

test('an older receipt, or an empty file, is replaced', () => {
  const path = fileWith('');
  for (let run = 0; run < 2; run++) {
    new Receipts(path).write(unsent, lost, new Date());
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ v: 1, direction: 'send', failedCount: 1 }),
    ]);
  }
});

test('a folder in the place of a receipt is a local failure', () => {
  const path = join(temporaryFolder(), 'folder');
  mkdirSync(path);
  expect(() => new Receipts(path)).toThrow(TransferError);
});

test('a device takes receipts, and loses nothing', () => {
  const receipts = new Receipts('/dev/null');
  receipts.write(unsent, lost, new Date());
  expect(readFileSync('/dev/null', 'utf8')).toBe('');
});
