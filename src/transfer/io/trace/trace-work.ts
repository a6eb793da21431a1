import { QlogText } from '../../trace/qlog-text.ts';
import type { TraceChunk } from '../../trace/trace-recorder.ts';
import { appendToTrace } from './trace-file.ts';

/** What the writer of a trace is told, in this order: `begin`, chunks, `end`. */
export type ToTraceWriter =
  | {
      readonly type: 'begin';
      readonly file: number;
      /** Of what stands in the file already. */
      readonly sizeBytes: number;
      readonly startUs: number;
    }
  | { readonly type: 'chunk'; readonly chunk: TraceChunk; readonly wordCount: number }
  | { readonly type: 'end'; readonly missingCount: number };

export type FromTraceWriter =
  /** A chunk was written, or let go. */
  | { readonly type: 'free'; readonly chunk: TraceChunk }
  /** Nothing more is written; `end` is answered all the same. */
  | { readonly type: 'failed'; readonly message: string }
  /** All is written: the file may be closed by whoever opened it, as Node wants it of threads. */
  | { readonly type: 'ended' };

/** Writes a trace as it is told to, one write a chunk. Each call may wait for the disk. */
export class TraceWork {
  readonly #answer: (message: FromTraceWriter) => void;
  #text: QlogText | undefined;
  #file = -1;
  #sizeBytes = 0;
  #hasFailed = false;

  constructor(answer: (message: FromTraceWriter) => void) {
    this.#answer = answer;
  }

  handle(message: ToTraceWriter): void {
    switch (message.type) {
      case 'begin':
        this.#file = message.file;
        this.#sizeBytes = message.sizeBytes;
        this.#text = new QlogText(message.startUs);
        break;
      case 'chunk': {
        const { chunk, wordCount } = message;
        if (!this.#hasFailed) this.#append(this.#text!.text(chunk, wordCount));
        this.#answer({ type: 'free', chunk });
        break;
      }
      case 'end':
        if (!this.#hasFailed) this.#append(this.#text!.end(message.missingCount));
        this.#answer({ type: 'ended' });
    }
  }

  #append(text: string): void {
    try {
      this.#sizeBytes = appendToTrace(this.#file, this.#sizeBytes, text);
    } catch (error) {
      this.#hasFailed = true;
      this.#answer({ type: 'failed', message: (error as Error).message });
    }
  }
}
