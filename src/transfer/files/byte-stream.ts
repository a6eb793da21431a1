import type {
  ClaimedFile,
  PublishRequest,
  SourceDisk,
  SourceEntry,
  SourceFile,
  SourceSurvey,
} from './disk.ts';
import type { TransferError } from './transfer-error.ts';

/** Bytes from somewhere else than a disk, until they end. */
export interface ByteSource {
  /**
   * The next bytes as soon as there are any, never none; undefined at the end. Rejects with a
   * `TransferError`. One call at a time; `close` ends one that waits.
   */
  read(): Promise<Uint8Array | undefined>;
  /** Nothing more is read: what waits to be read is of no use to anybody. */
  close(): void;
}

/** Takes bytes to somewhere else than a disk. All calls reject with a `TransferError` only. */
export interface ByteSink {
  /** Resolves when more may come; the bytes may change then. One call at a time. */
  write(bytes: Uint8Array): Promise<void>;
  /** All has come: resolves when all of it was taken. */
  end(): Promise<void>;
  /** In place of `end`: nothing more comes, and what came is not all. */
  abort(why: TransferError): void;
}

/** A file that is sent from a stream, by the name under which it is offered. */
export interface NamedStream {
  /** A base name. */
  readonly name: string;
  readonly source: ByteSource;
}

/** Gets read, write and execute taken off by the receiver's umask, like a file that a program makes. */
const STREAM_MODE = 0o666;

/** One file that is read from a stream, once: nothing that was sent of it can be sent again. */
export class StreamDisk implements SourceDisk {
  readonly #stream: NamedStream;
  readonly #mtimeNs: bigint;

  /** @param nowMs milliseconds since 1970: the time of the file */
  constructor(stream: NamedStream, nowMs: number) {
    this.#stream = stream;
    this.#mtimeNs = BigInt(Math.round(nowMs)) * 1_000_000n;
  }

  survey(): SourceSurvey {
    const entry: SourceEntry = {
      kind: 'file',
      name: this.#stream.name.normalize('NFC'),
      ...this.#identity,
      mode: STREAM_MODE,
      path: '',
      itemIndex: 0,
    };
    const found = [{ type: 'entry', entry } as const];
    return {
      next: () => Promise.resolve(found.splice(0)),
      close: () => {
        this.#stream.source.close();
        return Promise.resolve();
      },
    };
  }

  open(): Promise<SourceFile> {
    const { source } = this.#stream;
    /** What was read and is not handed on. */
    let rest: Uint8Array | undefined;
    return Promise.resolve({
      ...this.#identity,
      read: async (target) => {
        rest ??= await source.read();
        if (rest === undefined) return 0;
        const length = Math.min(rest.length, target.length);
        target.set(rest.subarray(0, length));
        rest = length === rest.length ? undefined : rest.subarray(length);
        return length;
      },
      isUnchanged: () => Promise.resolve(true),
      close: () => {
        source.close();
        return Promise.resolve();
      },
    });
  }

  get #identity(): Omit<SourceFile, 'read' | 'isUnchanged' | 'close'> {
    const [mtimeNs, ctimeNs] = [this.#mtimeNs, this.#mtimeNs];
    return { sizeBytes: 0, isSizeKnown: false, mtimeNs, ctimeNs, inode: 0n, device: 0n };
  }
}

/** A file that is received into a stream: its bytes go on before the whole of it was checked. */
export class StreamPartial implements ClaimedFile {
  readonly startBytes = 0;
  readonly isStream = true;
  readonly #sink: ByteSink;
  #writtenBytes = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  async append(segment: Uint8Array): Promise<void> {
    await this.#sink.write(segment);
    this.#writtenBytes += segment.length;
  }

  read(): Promise<number> {
    return Promise.resolve(0);
  }

  restart(): Promise<void> {
    return Promise.resolve();
  }

  async publish({ isAborted }: PublishRequest): Promise<string | undefined> {
    if (isAborted()) return undefined;
    await this.#sink.end();
    return '';
  }

  keep(): Promise<void> {
    return Promise.resolve();
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }

  abort(why: TransferError): void {
    this.#sink.abort(why);
  }

  told(): void {
    // Nobody asks whether it was delivered before.
  }

  confirm(): Promise<void> {
    return Promise.resolve();
  }
}
