import type { Completion } from '../../chat/client.ts';
import { columnsOf } from '../../text/columns.ts';

/** Candidates that are shown; a line says how many more there are. */
export const MAX_SHOWN_CANDIDATES = 100;
const USUAL_COLUMNS = 80;
const GAP_COLUMNS = 2;

/** What all of them begin with, without a backslash that saves what only some of them go on with. */
export function commonBeginning(words: readonly string[]): string {
  const [first = '', ...others] = words;
  let length = first.length;
  for (const other of others) {
    let same = 0;
    while (same < length && first[same] === other[same]) same++;
    length = same;
  }
  return first.slice(0, length).replace(/(?<!\\)((?:\\\\)*)\\$/, '$1');
}

/** The candidates in columns, as rows of a screen. */
export function candidateLines(
  { words, labels = words }: Completion,
  columns: number = USUAL_COLUMNS,
): readonly string[] {
  const shown = labels.slice(0, MAX_SHOWN_CANDIDATES);
  const cellColumns = Math.max(...shown.map(columnsOf)) + GAP_COLUMNS;
  const perRow = Math.max(1, Math.floor((columns - 1) / cellColumns));
  const rows: string[] = [];
  for (let at = 0; at < shown.length; at += perRow) {
    const cells = shown.slice(at, at + perRow);
    rows.push(cells.map((cell) => cell + ' '.repeat(cellColumns - columnsOf(cell))).join(''));
  }
  const hiddenCount = labels.length - shown.length;
  if (hiddenCount > 0) rows.push(`and ${hiddenCount} more`);
  return rows.map((row) => row.trimEnd());
}
