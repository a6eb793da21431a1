/** The first code point that may be two columns wide: those below never are. */
const FIRST_WIDE = 0x1100;
const ELLIPSIS = '…';

/** Columns that `text` takes at most. */
export function columnsOf(text: string): number {
  return Array.from(text).reduce((sum, character) => sum + widthOf(character), 0);
}

/** `text`, or as much of its beginning as `columns` columns surely hold, then an ellipsis. */
export function cutToColumns(text: string, columns: number): string {
  let width = 0;
  let cut = '';
  const characters = Array.from(text);
  for (const [index, character] of characters.entries()) {
    const isLast = index === characters.length - 1;
    if (width + widthOf(character) + (isLast ? 0 : 1) > columns) {
      return columns > width ? `${cut}${ELLIPSIS}` : cut;
    }
    cut += character;
    width += widthOf(character);
  }
  return cut;
}

function widthOf(character: string): number {
  return character === ELLIPSIS || character.codePointAt(0)! < FIRST_WIDE ? 1 : 2;
}
