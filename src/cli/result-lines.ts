import { limitLine } from '../chat/transfer-lines.ts';
import { formatBytes, formatTransfer } from '../text/measures.ts';
import { safeLine, type SafeText } from '../text/safe-text.ts';
import type { ItemResult, TransferResult } from '../transfer/index.ts';
import type { CommandOutput } from './command-output.ts';

/** `movie.mp4 has been delivered to PEER (SIZE in TIME, RATE).`, of a folder also how many files. */
export function deliveredItemLine(
  { kind, name, totalBytes, fileCount }: ItemResult,
  { elapsedMs }: TransferResult,
  peer: string,
): SafeText {
  const files = kind === 'folder' ? `${fileCount} files, ` : '';
  return safeLine`${name} has been delivered to ${peer} (${files}${formatTransfer(totalBytes, elapsedMs)}).`;
}

/** `Received movie.mp4 from PEER (SIZE, stored as PATH).`, or `written to stdout`. */
export function receivedItemLine(
  { kind, name, totalBytes, fileCount, path }: ItemResult,
  peer: string,
): SafeText {
  const files = kind === 'folder' ? `${fileCount} files, ` : '';
  const where = path === '' ? 'written to stdout' : `stored as ${path}`;
  return safeLine`Received ${name} from ${peer} (${files}${formatBytes(totalBytes)}, ${where}).`;
}

/** One line that says what limited a transfer, where that is known and no event says it. */
export function reportLimit(result: TransferResult, output: CommandOutput): void {
  const line = limitLine(result);
  if (line !== undefined && !output.isJson) output.note(line);
}

/** A line for each file that was not delivered while others were. */
export function reportFailures(
  result: TransferResult,
  lineOf: (name: string, reason: string) => SafeText,
  output: CommandOutput,
): void {
  for (const { name, reason } of result.failures) output.problem(lineOf(name, reason));
  const unlistedCount = result.failedCount - result.failures.length;
  if (unlistedCount > 0) output.problem(safeLine`${unlistedCount} more were not delivered.`);
}
