import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastShellWord, shellWord, splitShellWords } from '../../src/chat/core/shell-words.ts';
import { MAX_FOLDER_ENTRIES, namesInFolder } from '../../src/chat/io/folder-names.ts';
import { completeLine } from '../../src/chat/line-completion.ts';
import { temporaryFolder } from './server-fixture.ts';

/** A folder with files and folders in it; its path ends in `/`. */
function folderOf(...names: readonly string[]): string {
  const folder = temporaryFolder();
  for (const name of names) {
    if (name.endsWith('/')) mkdirSync(join(folder, name));
    else writeFileSync(join(folder, name), '');
  }
  return `${folder}/`;
}

test('Tab completes names of files behind the user of an UPD, hidden ones only when asked for', async () => {
  const folder = folderOf('movie.mp4', 'movies/', 'notes.txt', '.hidden');
  symlinkSync(join(folder, 'movies'), join(folder, 'molink'));
  const typed = `${folder}mo`;
  expect(await completeLine(`UPD jess ${typed}`, [])).toEqual({
    typed,
    words: [`${folder}molink/`, `${folder}movie.mp4 `, `${folder}movies/`],
    labels: ['molink/', 'movie.mp4', 'movies/'],
  });
  expect((await completeLine(`/send jess a.txt ${folder}n`, [])).words).toEqual([
    `${folder}notes.txt `,
  ]);
  const all = await completeLine(`UPD jess ${folder}`, []);
  expect(all.labels).toEqual(['molink/', 'movie.mp4', 'movies/', 'notes.txt']);
  const hidden = await completeLine(`UPD jess ${folder}.`, []);
  expect(hidden.labels).toEqual(['.hidden']);
});

test('no name is completed where none belongs, and none that a terminal would not show as it is', async () => {
  const folder = folderOf('movie.mp4', 'evil\u001b[2J');
  expect((await completeLine(`MSG ${folder}mo`, [])).words).toEqual([]);
  expect((await completeLine(`DM jess ${folder}mo`, [])).words).toEqual([]);
  expect((await completeLine(`UPD ${folder}mo`, [])).words).toEqual([]);
  expect((await completeLine(`UPD jess ${folder}evil`, [])).words).toEqual([]);
  expect((await completeLine(`UPD jess ${folder}none/x`, [])).words).toEqual([]);
  expect(await completeLine('UPD j', ['jess'])).toEqual({ typed: 'j', words: ['jess '] });
});

test.each([
  [(path: string) => `${path}my\\ f`, (path: string) => `${path}my\\ file `],
  [(path: string) => `"${path}my f`, (path: string) => `"${path}my file" `],
  [(path: string) => `'${path}my f`, (path: string) => `'${path}my file' `],
])('a name with a blank is saved as the word began', async (typed, completed) => {
  const folder = folderOf('my file');
  expect(await completeLine(`UPD jess ${typed(folder)}`, [])).toMatchObject({
    typed: typed(folder),
    words: [completed(folder)],
  });
});

test('of a folder with too many entries no names are given', async () => {
  const folder = temporaryFolder();
  for (let count = 0; count < MAX_FOLDER_ENTRIES; count++)
    writeFileSync(join(folder, `${count}`), '');
  expect(await namesInFolder(folder, '12')).not.toEqual([]);
  writeFileSync(join(folder, 'more'), '');
  expect(await namesInFolder(folder, '12')).toEqual([]);
});

test('any text comes back from the word that stands for it, in whatever quotes', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.constantFrom("'" as const, '"' as const, '\\' as const),
      (text, quote) => {
        expect(splitShellWords(`a ${shellWord(text, quote, true)}b`)).toEqual({
          words: ['a', text, 'b'],
        });
        const typed = shellWord(text, quote, false);
        expect(lastShellWord(`a ${typed}`)).toMatchObject({ index: 1, text, typed });
      },
    ),
  );
});
