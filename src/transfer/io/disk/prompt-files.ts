import {
  closeSync,
  fchmodSync,
  fsync,
  futimesSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { WritableHandle, WritingCalls } from './whole-file-work.ts';

/**
 * Files that are written at once by the thread that asks: for a small file the way to another thread and
 * back costs more than the call. Only syncs are done by the pool, side by side.
 */
export const promptFiles: WritingCalls = {
  open: (path, flags, mode) => at(() => new PromptHandle(openSync(path, flags, mode))),
  unlink: (path) =>
    at(() => {
      unlinkSync(path);
    }),
};

class PromptHandle implements WritableHandle {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(
    source: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }> {
    return at(() => ({
      bytesWritten: writeSync(this.#descriptor, source, offset, length, position),
    }));
  }

  chmod(mode: number): Promise<void> {
    return at(() => {
      fchmodSync(this.#descriptor, mode);
    });
  }

  utimes(accessed: number, modified: number): Promise<void> {
    return at(() => {
      futimesSync(this.#descriptor, accessed, modified);
    });
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fsync(this.#descriptor, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  close(): Promise<void> {
    return at(() => {
      closeSync(this.#descriptor);
    });
  }
}

/** Done when it returns; what it throws is a rejection, as with the calls of the pool. */
function at<Result>(call: () => Result): Promise<Result> {
  return new Promise((resolve) => {
    resolve(call());
  });
}
