import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { TransferError } from '../../files/transfer-error.ts';
import { RECORD_SEPARATOR } from '../../trace/qlog-text.ts';

/** A trace shows with whom and how fast somebody speaks: it is its owner's. */
const TRACE_MODE = 0o600;
/** With this a trace begins; enough of it to tell one from anything else. */
const TRACE_BEGINS = Buffer.from(`${RECORD_SEPARATOR}{"qlog_version"`);
const { O_CREAT, O_EXCL, O_NONBLOCK, O_RDWR } = constants;

/**
 * Opens the file that a trace goes to, and begins it anew; returns its descriptor.
 *
 * An older trace is replaced, so that the same command can be given again. Anything else that stands
 * there is not touched: a slip of the keyboard costs nobody a file.
 *
 * @throws `TransferError` `local-file`
 */
export function openTraceFile(path: string): number {
  let file: number | undefined;
  try {
    file = openOrCreate(path);
    const status = fstatSync(file);
    if (status.isFile()) {
      if (status.size > 0 && !holdsTrace(file)) {
        throw new Error('it exists and is no trace: name another file');
      }
      fchmodSync(file, TRACE_MODE);
      ftruncateSync(file, 0);
    } else if (!status.isCharacterDevice()) {
      throw new Error('it is no regular file');
    }
    return file;
  } catch (cause) {
    if (file !== undefined) closeSync(file);
    throw traceError(path, cause);
  }
}

/** Why there is no trace, or `what` it does then. */
export function traceError(
  path: string,
  cause: unknown,
  what = 'cannot be written',
): TransferError {
  const reason = (cause as Error).message;
  return new TransferError('local-file', `the trace ${path} ${what}: ${reason}`, { cause });
}

/**
 * Writes all of `text` behind the first `sizeBytes` of the file, and returns how long it is then. When that
 * fails the file ends where it did before: it holds whole records only.
 */
export function appendToTrace(
  file: number,
  sizeBytes: number,
  text: string,
  write: (file: number, bytes: Uint8Array) => number = writeSync,
): number {
  const bytes = Buffer.from(text);
  try {
    for (let written = 0; written < bytes.length;) {
      written += write(file, bytes.subarray(written));
    }
  } catch (error) {
    cutTo(file, sizeBytes);
    throw error;
  }
  return sizeBytes + bytes.length;
}

/** Where even this fails, the file ends within a record: whoever reads it says so. */
function cutTo(file: number, sizeBytes: number): void {
  try {
    ftruncateSync(file, sizeBytes);
  } catch {
    // A device has no length.
  }
}

/** `O_NONBLOCK`: nobody waits for the reader of a FIFO. */
function openOrCreate(path: string): number {
  try {
    return openSync(path, O_RDWR | O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return openSync(path, O_RDWR | O_CREAT | O_EXCL, TRACE_MODE);
  }
}

function holdsTrace(file: number): boolean {
  const found = Buffer.alloc(TRACE_BEGINS.length);
  const length = readSync(file, found, 0, found.length, 0);
  return length === found.length && found.equals(TRACE_BEGINS);
}
