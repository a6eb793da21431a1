import { safeLine } from '../../text/safe-text.ts';
import { exitCodes } from '../../report/exit-codes.ts';
import { printErrorLine, writeData } from './output-lines.ts';

/** Whoever read may have enough of it, as `head` has: what was asked for is still done, and nothing is said. */
const readerIsGone: ReadonlySet<string | undefined> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_STREAM_DESTROYED',
]);

/** Once, at the start: says that stdout takes nothing, and lets no such process end as if all were well. */
export function watchStdout(): void {
  process.stderr.on('error', () => undefined);
  let hasFailed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (hasFailed || readerIsGone.has(error.code)) return;
    hasFailed = true;
    printErrorLine(safeLine`upd: stdout cannot be written: ${error.message}`, 'bad');
  });
  process.on('exit', (exitCode) => {
    if (hasFailed && exitCode === exitCodes.delivered) process.exitCode = exitCodes.localFile;
  });
}

/** Whether what was printed until now went nowhere; resolves once it has been written or not. */
export function isStdoutFailing(): Promise<boolean> {
  return new Promise((resolve) => {
    writeData(new Uint8Array(0), () => {
      const error: NodeJS.ErrnoException | null = process.stdout.errored;
      resolve(error !== null && !readerIsGone.has(error.code));
    });
  });
}
