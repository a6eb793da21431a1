import type { Readable, Writable } from 'node:stream';
import { SEGMENT_BYTES } from '../../files/disk.ts';
import { TransferError } from '../../files/transfer-error.ts';
import {
  fromPortableError,
  type PortableError,
  type SinkAsk,
  type ToEngine,
  toPortableError,
} from './engine-messages.ts';

type Post = (message: ToEngine, transferred?: readonly ArrayBuffer[]) => void;

/**
 * The Node streams of an endpoint's transfers, in the caller's thread: read when the engine asks for
 * bytes, written when it has some, one piece at a time.
 */
export class CallerStreams {
  readonly #post: Post;
  /** By key of the transfer. */
  readonly #sources: Map<number, StreamReader> = new Map();
  /** By question. */
  readonly #sinks: Map<number, Writable> = new Map();

  constructor(post: Post) {
    this.#post = post;
  }

  addSource(key: number, stream: Readable): void {
    this.#sources.set(key, new StreamReader(stream));
  }

  addSink(question: number, stream: Writable): void {
    stream.on('error', ignore);
    this.#sinks.set(question, stream);
  }

  async onPull(key: number): Promise<void> {
    const source = this.#sources.get(key);
    if (source === undefined) return;
    try {
      const bytes = await source.next();
      if (bytes === undefined) this.#post({ type: 'chunk', key });
      else this.#post({ type: 'chunk', key, bytes }, [bytes.buffer]);
    } catch (error) {
      this.#post({ type: 'chunk', key, error: streamError('the stream has failed', error) });
    }
  }

  /** The transfer reads no more of it. */
  onUnpull(key: number): void {
    this.#sources.get(key)?.stop();
    this.#sources.delete(key);
  }

  async onSink(message: SinkAsk): Promise<void> {
    const { question } = message;
    const stream = this.#sinks.get(question);
    if (stream === undefined) return;
    if (message.ask === 'abort') {
      this.#sinks.delete(question);
      stream.destroy(fromPortableError(message.error));
      return;
    }
    try {
      if (message.ask === 'write') {
        await written((onWritten) => stream.write(message.bytes, onWritten), stream);
      } else {
        await written((onWritten) => stream.end(onWritten), stream);
        this.#sinks.delete(question);
        stream.off('error', ignore);
      }
      this.#post({ type: 'taken', question });
    } catch (error) {
      this.#post({ type: 'taken', question, error: streamError(TAKES_NO_MORE, error) });
    }
  }

  /** The engine has ended: nothing more is read or written. */
  end(why: TransferError): void {
    for (const source of this.#sources.values()) source.stop();
    for (const stream of this.#sinks.values()) stream.destroy(why);
    this.#sources.clear();
    this.#sinks.clear();
  }
}

const TAKES_NO_MORE = 'the stream takes no more';
/** What goes wrong with a stream is told by the transfer, also where nobody listens to the stream. */
const ignore = (): void => undefined;

function streamError(what: string, cause: unknown): PortableError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return toPortableError(new TransferError('local-file', `${what}: ${reason}`, { cause }));
}

/** Resolves when the stream has called back, rejects when it has failed or was destroyed before. */
async function written(
  write: (onWritten: (error?: Error | null) => void) => unknown,
  stream: Writable,
): Promise<void> {
  let onClose: () => void = ignore;
  try {
    await new Promise<void>((resolve, reject) => {
      onClose = () => {
        reject(stream.errored ?? new Error('it was closed'));
      };
      if (stream.destroyed) onClose();
      stream.once('close', onClose);
      write((error) => {
        if (error === undefined || error === null) resolve();
        else reject(error);
      });
    });
  } finally {
    stream.off('close', onClose);
  }
}

/** A Readable in pieces that are no larger than the engine's own. */
class StreamReader {
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<unknown>;
  /** What was read and not handed on. */
  #rest: Uint8Array = NOTHING;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('error', ignore);
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** A copy, so that it can be given away; undefined at the end. */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      const { value } = next;
      if (value instanceof Uint8Array) this.#rest = value;
      else if (typeof value === 'string') this.#rest = Buffer.from(value);
      else throw new TypeError('it gives something else than bytes and text');
    }
    const piece = this.#rest.subarray(0, SEGMENT_BYTES);
    this.#rest = this.#rest.subarray(piece.length);
    return new Uint8Array(piece);
  }

  stop(): void {
    this.#rest = NOTHING;
    this.#stream.destroy();
  }
}

const NOTHING = new Uint8Array(0);
