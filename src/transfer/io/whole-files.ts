import { Worker } from 'node:worker_threads';
import { TransferError } from '../files/transfer-error.ts';
import type {
  FileDescription,
  FromWholeFiles,
  ToRead,
  ToWholeFiles,
  ToWrite,
} from './whole-file-work.ts';
import { workerEntryUrl } from './worker-entry.ts';

/** Larger files are read and written piece by piece. Less than a block that a file keeps sparse. */
export const MAX_WHOLE_BYTES = 65_535;
/** So many small files come first by the ordinary calls: for a few of them no thread is started. */
export const FILES_BEFORE_THREAD = 64;

/** A small file as it was found, with all its content. */
export interface WholeFile {
  readonly stats: FileDescription;
  readonly content: Uint8Array;
  /** It was the same before and after it was read. */
  readonly isUnchanged: boolean;
}

/** What a thread of ours can be asked; `Worker` is one. */
export interface WholeFileThread {
  post(message: ToWholeFiles, transferred: ArrayBuffer[]): void;
  listen(onMessage: (message: FromWholeFiles) => void, onEnd: () => void): void;
  terminate(): void;
}

/** A small file that could not be read or written; of what fails otherwise nobody knows what is left. */
export class WholeFileError extends Error {
  /** That of the system. */
  readonly code: string;
  /** It was created, and could not be removed again. */
  readonly isLeft: boolean;

  constructor(code: string, isLeft: boolean) {
    super(code);
    this.code = code;
    this.isLeft = isLeft;
  }
}

interface Waiting {
  readonly resolve: (file: WholeFile | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads and writes many small files on a thread of its own, each in one go.
 *
 * By the ordinary calls a file of 4 KiB costs six ways to the thread pool and back on either side,
 * 120 µs of a core where the calls themselves take 15. The thread makes these calls one after another,
 * which may wait for the disk, and has only the syncs done by the pool, side by side.
 *
 * What is asked in one turn goes over in one message. Started with the first file after
 * `FILES_BEFORE_THREAD`; as long as it is not there, or when it has failed, `takes` says no.
 */
export class WholeFiles {
  readonly #start: () => WholeFileThread;
  readonly #filesBeforeThread: number;
  readonly #waiting: Map<number, Waiting> = new Map();
  #reads: ToRead[] = [];
  #writes: ToWrite[] = [];
  #contents: Uint8Array[] = [];
  #thread: WholeFileThread | undefined;
  #stand: 'counting' | 'starting' | 'ready' | 'over' = 'counting';
  #fileCount = 0;
  #nextId = 1;
  #isFlushing = false;

  constructor(
    start: () => WholeFileThread = startThread,
    filesBeforeThread: number = FILES_BEFORE_THREAD,
  ) {
    this.#start = start;
    this.#filesBeforeThread = filesBeforeThread;
  }

  /** Whether a file of this size is to be read or written here. Asked once for each file. */
  takes(sizeBytes: number): boolean {
    if (sizeBytes > MAX_WHOLE_BYTES) return false;
    if (this.#stand === 'counting' && ++this.#fileCount > this.#filesBeforeThread) {
      this.#startThread();
    }
    return this.#stand === 'ready';
  }

  /** Rejects with a `WholeFileError`, or because the thread has ended; of a file that has another size no content comes. */
  async read(path: string, sizeBytes: number): Promise<WholeFile> {
    const id = this.#nextId++;
    this.#reads.push({ id, path, sizeBytes });
    const file = await this.#answer(id);
    return file!;
  }

  /**
   * Creates a file of this content, which must stay as it is, and makes it durable. Rejects as `read`
   * does.
   */
  async write(file: Omit<ToWrite, 'id' | 'sizeBytes'>, content: Uint8Array): Promise<void> {
    const id = this.#nextId++;
    this.#writes.push({ ...file, id, sizeBytes: content.length });
    this.#contents.push(content);
    await this.#answer(id);
  }

  /** Whatever is asked for fails from now on. */
  close(): void {
    this.#stand = 'over';
    this.#thread?.terminate();
    this.#thread = undefined;
    this.#failAll();
  }

  #startThread(): void {
    this.#stand = 'starting';
    this.#thread = this.#start();
    this.#thread.listen(this.#onMessage, () => {
      this.close();
    });
  }

  #answer(id: number): Promise<WholeFile | undefined> {
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      setImmediate(() => {
        this.#flush();
      });
    }
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#thread === undefined) {
      this.#failAll();
      return;
    }
    if (this.#reads.length > 0) {
      this.#thread.post({ type: 'read', files: this.#reads }, []);
      this.#reads = [];
    }
    if (this.#writes.length > 0) {
      const content = joined(this.#contents);
      this.#thread.post({ type: 'write', files: this.#writes, content }, [content.buffer]);
      this.#writes = [];
      this.#contents = [];
    }
  }

  readonly #onMessage = (message: FromWholeFiles): void => {
    if (message.type === 'ready') {
      if (this.#stand === 'starting') this.#stand = 'ready';
      return;
    }
    let from = 0;
    for (const result of message.results) {
      const waiting = this.#waiting.get(result.id);
      this.#waiting.delete(result.id);
      if ('systemCode' in result) {
        const isLeft = 'isLeft' in result && result.isLeft;
        waiting?.reject(new WholeFileError(result.systemCode, isLeft));
      } else if (message.type === 'read' && 'stats' in result) {
        const { stats, sizeBytes, isUnchanged } = result;
        const content = message.content.subarray(from, (from += sizeBytes));
        waiting?.resolve({ stats, content, isUnchanged });
      } else {
        waiting?.resolve(undefined);
      }
    }
  };

  #failAll(): void {
    const error = new TransferError('internal', 'the thread of small files has ended');
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#reads = [];
    this.#writes = [];
    this.#contents = [];
  }
}

function joined(contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(contents.reduce((sum, { length }) => sum + length, 0));
  let from = 0;
  for (const content of contents) {
    all.set(content, from);
    from += content.length;
  }
  return all;
}

function startThread(): WholeFileThread {
  const worker = new Worker(workerEntryUrl('whole-file-worker'), { name: 'updraft small files' });
  // It holds nothing that a process would have to wait for.
  worker.unref();
  return {
    post: (message, transferred) => {
      worker.postMessage(message, transferred);
    },
    listen: (onMessage, onEnd) => {
      worker.on('message', onMessage);
      worker.on('error', () => undefined);
      worker.on('exit', onEnd);
    },
    terminate: () => {
      void worker.terminate();
    },
  };
}
