/** How the demo shows things: colours for people, plain text for pipes and NO_COLOR. */

const hasColours =
  process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

function styled(code: number, text: string): string {
  return hasColours ? `\u001b[${code}m${text}\u001b[0m` : text;
}

export const bold = (text: string): string => styled(1, text);
export const dim = (text: string): string => styled(2, text);
export const red = (text: string): string => styled(31, text);
export const green = (text: string): string => styled(32, text);

/** `12,345`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** A table row's first columns: who, to whom, which file. */
export function row(from: string, to: string, name: string): string {
  const arrow = to === '' ? from.padEnd(14) : `${from.padEnd(5)} → ${to.padEnd(6)}`;
  return `${arrow} ${name.padEnd(24)}`;
}
