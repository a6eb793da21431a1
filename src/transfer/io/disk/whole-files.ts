import { Worker } from 'node:worker_threads';
import { TransferError } from '../../files/transfer-error.ts';
import {
  type FileDescription,
  type FromWholeFiles,
  LOOKED_FIELDS,
  type ToRead,
  type ToWholeFiles,
  type ToWrite,
} from './whole-file-work.ts';
import { workerEntryUrl } from '../worker-entry.ts';
import { type WorkerThread, workerThread } from '../worker-thread.ts';

/** Larger files are read and written piece by piece. Less than a block that a file keeps sparse. */
export const MAX_WHOLE_BYTES = 65_535;
/** So many small files come first by the ordinary calls: for a few of them no thread is started. */
export const FILES_BEFORE_THREAD = 64;

/** Something as it was found, a link as that. */
export interface Looked extends FileDescription {
  readonly mode: bigint;
}

/** A small file as it was found, with all its content. */
export interface WholeFile {
  readonly stats: FileDescription;
  readonly content: Uint8Array;
  /** It was the same before and after it was read. */
  readonly isUnchanged: boolean;
}

/** What a thread of ours can be asked; `Worker` is one. */
export type WholeFileThread = WorkerThread<ToWholeFiles, FromWholeFiles>;

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
  readonly resolve: (found: WholeFile | BigInt64Array | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads and writes many small files on a thread of its own, each in one go.
 *
 * By the ordinary calls a file of 4 KiB costs six ways to the thread pool and back on either side,
 * 120 µs of a core where the calls themselves take 15. The thread makes these calls one after another,
 * which may wait for the disk, and has only the syncs done by the pool, side by side.
 *
 * What is asked in one turn goes over in one message. Started when more than `FILES_BEFORE_THREAD` small
 * files are expected; as long as it is not there, or when it has failed, `takes` says no.
 */
export class WholeFiles {
  readonly #start: () => WholeFileThread;
  readonly #filesBeforeThread: number;
  readonly #waiting: Map<number, Waiting> = new Map();
  #looks: ToWholeFiles[] = [];
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

  /** A file of this size will be read or written: enough small ones start the thread. */
  expect(sizeBytes: number): void {
    if (sizeBytes > MAX_WHOLE_BYTES || this.#stand !== 'counting') return;
    if (++this.#fileCount > this.#filesBeforeThread) this.#startThread();
  }

  /** Whether a file of this size is to be read or written here. */
  takes(sizeBytes: number): boolean {
    return this.#stand === 'ready' && sizeBytes <= MAX_WHOLE_BYTES;
  }

  /** Whether `look` may be called. */
  get isReady(): boolean {
    return this.#stand === 'ready';
  }

  /** What is there under each path; undefined where that cannot be said. Rejects as `read` does. */
  async look(paths: readonly string[]): Promise<readonly (Looked | undefined)[]> {
    const id = this.#nextId++;
    this.#looks.push({ type: 'look', id, paths });
    const fields = (await this.#answer(id)) as BigInt64Array;
    return paths.map((_path, index) => {
      const from = LOOKED_FIELDS * index;
      const [mode, size, mtimeNs, ctimeNs, ino, dev] = fields.subarray(from, from + LOOKED_FIELDS);
      if (mode === 0n) return undefined;
      return {
        ...{ mode: mode!, size: size!, mtimeNs: mtimeNs!, ctimeNs: ctimeNs! },
        ...{ ino: BigInt.asUintN(64, ino!), dev: BigInt.asUintN(64, dev!) },
      };
    });
  }

  /** Rejects with a `WholeFileError`, or because the thread has ended; of a file that has another size no content comes. */
  async read(path: string, sizeBytes: number): Promise<WholeFile> {
    const id = this.#nextId++;
    this.#reads.push({ id, path, sizeBytes });
    return (await this.#answer(id)) as WholeFile;
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

  #answer(id: number): Promise<WholeFile | BigInt64Array | undefined> {
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
    for (const look of this.#looks.splice(0)) this.#thread.post(look, []);
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
    if (message.type === 'looked') {
      this.#waiting.get(message.id)?.resolve(message.fields);
      this.#waiting.delete(message.id);
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
    this.#looks = [];
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
  const worker = new Worker(workerEntryUrl('whole-file-worker', import.meta.url), {
    name: 'updraft small files',
  });
  // It holds nothing that a process would have to wait for.
  worker.unref();
  return workerThread(worker);
}
