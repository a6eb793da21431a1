import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TransferError } from '../transfer/index.ts';

/** Only its owner may read what passes. */
const SPOOL_MODE = 0o600;

/**
 * A folder of its own in the system's temporary one, for what comes from stdin or goes to stdout: an
 * offer says how large a file is, and nothing is handed on before it was verified.
 */
export class Spool {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Rejects with a `TransferError`, as all here do. */
  static async create(): Promise<Spool> {
    try {
      return new Spool(await mkdtemp(join(tmpdir(), 'updraft-')));
    } catch (error) {
      throw spoolError(error);
    }
  }

  /** All of `input` as a file with this name; resolves with its path. */
  async fill(input: Readable, name: string, signal: AbortSignal): Promise<string> {
    const path = join(this.folder, name);
    try {
      const file = createWriteStream(path, { mode: SPOOL_MODE, flags: 'wx' });
      await pipeline(input, file, { signal });
      return path;
    } catch (error) {
      if (signal.aborted) throw new TransferError('cancelled', 'cancelled by the sender');
      throw spoolError(error);
    }
  }

  /** All of the file at `path` into `output`, which stays open. */
  async drain(path: string, output: Writable): Promise<void> {
    try {
      await pipeline(createReadStream(path), output, { end: false });
    } catch (error) {
      const reason = (error as Error).message;
      throw new TransferError('local-file', `stdout takes no more: ${reason}`, { cause: error });
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

function spoolError(cause: unknown): TransferError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = `${tmpdir()} cannot hold it (set TMPDIR to a folder that can): ${message}`;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new TransferError(isFull ? 'no-space' : 'local-file', reason, { cause });
}
