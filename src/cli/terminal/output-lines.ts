import type { SafeText } from '../../text/safe-text.ts';

/** A line on stdout, for commands without a console of their own. */
export function printLine(line: SafeText): void {
  process.stdout.write(`${line}\n`);
}

/** A line on stderr. */
export function printErrorLine(line: SafeText): void {
  process.stderr.write(`${line}\n`);
}
