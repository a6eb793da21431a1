import assert from 'node:assert/strict';
import type { ByteSink, ByteSource } from '../../files/byte-stream.ts';
import type { TransferError } from '../../files/transfer-error.ts';
import {
  type ChunkRead,
  fromPortableError,
  type FromEngine,
  type SinkAnswer,
  toPortableError,
} from './engine-messages.ts';

type Post = (message: FromEngine, transferred?: readonly ArrayBuffer[]) => void;

interface Waiting<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: TransferError) => void;
}

/**
 * The streams of a caller in another thread, as the engine reads and writes them. Of each one piece at
 * most is on its way, so that what waits between the threads is bounded.
 */
export class EngineStreams {
  readonly #post: Post;
  /** By key of the transfer. */
  readonly #sources: Map<number, CallerSource> = new Map();
  /** By question. */
  readonly #sinks: Map<number, CallerSink> = new Map();

  constructor(post: Post) {
    this.#post = post;
  }

  source(key: number): ByteSource {
    const source = new CallerSource(key, this.#post, () => this.#sources.delete(key));
    this.#sources.set(key, source);
    return source;
  }

  sink(question: number): ByteSink {
    const sink = new CallerSink(question, this.#post, () => this.#sinks.delete(question));
    this.#sinks.set(question, sink);
    return sink;
  }

  onChunk(read: ChunkRead): void {
    this.#sources.get(read.key)?.onChunk(read);
  }

  onTaken(answer: SinkAnswer): void {
    this.#sinks.get(answer.question)?.onTaken(answer);
  }
}

class CallerSource implements ByteSource {
  readonly #key: number;
  readonly #post: Post;
  readonly #onClosed: () => void;
  #waiting: Waiting<Uint8Array | undefined> | undefined;
  #isClosed = false;

  constructor(key: number, post: Post, onClosed: () => void) {
    this.#key = key;
    this.#post = post;
    this.#onClosed = onClosed;
  }

  read(): Promise<Uint8Array | undefined> {
    assert(this.#waiting === undefined, 'one read at a time');
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#post({ type: 'pull', key: this.#key });
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed();
    this.#waiting?.resolve(undefined);
    this.#post({ type: 'unpull', key: this.#key });
  }

  onChunk({ bytes, error }: ChunkRead): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting?.resolve(bytes);
    else waiting?.reject(fromPortableError(error));
  }
}

class CallerSink implements ByteSink {
  readonly #question: number;
  readonly #post: Post;
  readonly #onOver: () => void;
  #waiting: Waiting<void> | undefined;
  #isOver = false;

  constructor(question: number, post: Post, onOver: () => void) {
    this.#question = question;
    this.#post = post;
    this.#onOver = onOver;
  }

  write(bytes: Uint8Array): Promise<void> {
    // The other thread gets these bytes and nothing of what stands around them.
    const copy = new Uint8Array(bytes);
    return this.#ask(() => {
      const ask = { type: 'sink', question: this.#question, ask: 'write', bytes: copy } as const;
      this.#post(ask, [copy.buffer]);
    });
  }

  async end(): Promise<void> {
    await this.#ask(() => {
      this.#post({ type: 'sink', question: this.#question, ask: 'end' });
    });
    this.#isOver = true;
    this.#onOver();
  }

  abort(why: TransferError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver();
    this.#waiting?.reject(why);
    const error = toPortableError(why);
    this.#post({ type: 'sink', question: this.#question, ask: 'abort', error });
  }

  onTaken({ error }: SinkAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting?.resolve();
    else waiting?.reject(fromPortableError(error));
  }

  #ask(post: () => void): Promise<void> {
    assert(this.#waiting === undefined, 'one piece at a time');
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      post();
    });
  }
}
