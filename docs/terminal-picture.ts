/** What a terminal shows, as a picture. */
export interface Frame {
  /** In the bar above it. */
  readonly title: string;
  /** With SGR sequences, and no others. */
  readonly lines: readonly string[];
}

/** Characters on a line that look alike. */
interface Run {
  readonly column: number;
  readonly text: string;
  readonly look: Look;
}

interface Look {
  readonly colour: string;
  readonly isBold: boolean;
}

const COLUMN_PX = 8.4;
const LINE_PX = 19;
const FONT_PX = 14;
const MARGIN_PX = 16;
const BAR_PX = 30;
const BETWEEN_PX = 22;

const FOREGROUND = '#d8dee9';
const DIM = '#8b949e';
/** SGR 30 to 37 and 90 to 97. */
const colours = [
  '#6e7681',
  '#ff7b72',
  '#7ee787',
  '#e3b341',
  '#79c0ff',
  '#d2a8ff',
  '#56d4dd',
  '#fff',
];

const PLAIN: Look = { colour: FOREGROUND, isBold: false };

/** Terminals below each other, each as wide as `columns`. */
export function terminalPicture(frames: readonly Frame[], columns: number): string {
  const widthPx = Math.ceil(columns * COLUMN_PX + 2 * MARGIN_PX);
  let topPx = 0;
  const windows = frames.map(({ title, lines }) => {
    const heightPx = BAR_PX + lines.length * LINE_PX + 2 * MARGIN_PX - 6;
    const window = windowOf(title, lines, { topPx, widthPx, heightPx });
    topPx += heightPx + BETWEEN_PX;
    return window;
  });
  const heightPx = topPx - BETWEEN_PX;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}" viewBox="0 0 ${widthPx} ${heightPx}">`,
    `<style>text{font:${FONT_PX}px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}</style>`,
    ...windows,
    '</svg>',
    '',
  ].join('\n');
}

/** The same without looks: what `NO_COLOR` would show. */
export function plainLine(line: string): string {
  return runsOf(line)
    .map(({ text }) => text)
    .join('');
}

interface Box {
  readonly topPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

function windowOf(title: string, lines: readonly string[], box: Box): string {
  const { topPx, widthPx, heightPx } = box;
  const firstPx = topPx + BAR_PX + MARGIN_PX + FONT_PX - 4;
  return [
    `<rect y="${topPx}" width="${widthPx}" height="${heightPx}" rx="8" fill="#0d1117"/>`,
    `<path d="M0 ${topPx + BAR_PX}h${widthPx}" stroke="#30363d"/>`,
    `<text x="${widthPx / 2}" y="${topPx + 20}" text-anchor="middle" fill="${DIM}">${escaped(title)}</text>`,
    ...lines.flatMap((line, index) =>
      runsOf(line).map((run) => textOf(run, firstPx + index * LINE_PX)),
    ),
  ].join('\n');
}

/** Each run stands at its column and is as wide as its columns, whatever font there is. */
function textOf({ column, text, look: { colour, isBold } }: Run, yPx: number): string {
  const x = (MARGIN_PX + column * COLUMN_PX).toFixed(1);
  const width = (columnsOf(text) * COLUMN_PX).toFixed(1);
  const weight = isBold ? ' font-weight="bold"' : '';
  return `<text x="${x}" y="${yPx}" textLength="${width}" lengthAdjust="spacingAndGlyphs" fill="${colour}"${weight} xml:space="preserve">${escaped(text)}</text>`;
}

/** A line in runs; blanks alone are none. */
export function runsOf(line: string): readonly Run[] {
  const runs: Run[] = [];
  let look = PLAIN;
  let column = 0;
  for (const part of line.split(/(\x1b\[[\d;]*m)/)) {
    if (part.startsWith('\x1b[')) {
      look = lookAfter(look, part.slice(2, -1));
    } else if (part !== '') {
      runs.push({ column, text: part, look });
      column += columnsOf(part);
    }
  }
  return runs;
}

function lookAfter(look: Look, parameters: string): Look {
  let next = look;
  for (const code of parameters.split(';').map(Number)) {
    if (code === 0) next = PLAIN;
    else if (code === 1) next = { ...next, isBold: true };
    else if (code === 2) next = { ...next, colour: DIM };
    else if (code === 22)
      next = { ...PLAIN, colour: next.colour === DIM ? FOREGROUND : next.colour };
    else if (code >= 30 && code <= 37) next = { ...next, colour: colours[code - 30]! };
    else if (code >= 90 && code <= 97) next = { ...next, colour: colours[code - 90]! };
    else if (code === 39) next = { ...next, colour: FOREGROUND };
  }
  return next;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Of what a recorded line holds: no character is wider than a column. */
function columnsOf(text: string): number {
  return Array.from(text).length;
}
