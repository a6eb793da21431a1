/** A Markdown table, padded so that it can be read as it is; the first column is text. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join(' | ')} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** A ratio to three decimals; – where there is none. */
export function ratio(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

export function rounded(value: number | null, decimals: number): string {
  return value === null ? '–' : value.toFixed(decimals);
}
