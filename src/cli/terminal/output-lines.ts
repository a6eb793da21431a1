import type { SafeText } from '../../text/safe-text.ts';
import { paint, takesColours, type Tone } from '../../text/tone.ts';

/** A line on stdout, for commands without a console of their own. */
export function printLine(line: SafeText, tone?: Tone): void {
  process.stdout.write(`${painted(line, tone, process.stdout)}\n`);
}

/** File data on stdout, as it is; `onWritten` when whoever reads it has room for more. */
export function writeData(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
  process.stdout.write(bytes, onWritten);
}

/** A line on stderr. */
export function printErrorLine(line: SafeText, tone?: Tone): void {
  process.stderr.write(`${painted(line, tone, process.stderr)}\n`);
}

function painted(line: SafeText, tone: Tone | undefined, output: { isTTY?: boolean }): string {
  return takesColours(output, process.env) ? paint(line, tone) : line;
}
