import type { SafeText } from '../../text/safe-text.ts';

/** A line on stdout, for commands without a console of their own. */
export function printLine(line: SafeText): void {
  process.stdout.write(`${line}\n`);
}

/** File data on stdout, as it is; `onWritten` when whoever reads it has room for more. */
export function writeData(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
  process.stdout.write(bytes, onWritten);
}

/** A line on stderr. */
export function printErrorLine(line: SafeText): void {
  process.stderr.write(`${line}\n`);
}
