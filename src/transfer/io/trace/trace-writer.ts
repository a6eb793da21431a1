import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { TransferError } from '../../files/transfer-error.ts';
import { qlogHead, type TraceHead } from '../../trace/qlog-text.ts';
import { TraceRecorder } from '../../trace/trace-recorder.ts';
import { monotonicNowUs, systemTimers, type Timers } from '../clock.ts';
import type { EngineOptions } from '../engine-endpoint.ts';
import { appendToTrace, openTraceFile, traceError } from './trace-file.ts';
import type { FromTraceWriter, ToTraceWriter } from './trace-work.ts';
import { workerEntryUrl } from '../worker-entry.ts';
import { type WorkerThread, workerThread } from '../worker-thread.ts';

/** So old may be what a trace does not hold yet: that much is lost to a kill. */
export const TRACE_FLUSH_MS = 100;
/** Longest that the end of an endpoint waits for a disk that takes the rest of its trace. */
export const MAX_TRACE_CLOSE_MS = 2_000;

/** The thread that writes; `Worker` is one. */
export type TraceThread = WorkerThread<ToTraceWriter, FromTraceWriter>;

export interface TraceWriterOptions {
  readonly path: string;
  readonly head: TraceHead;
  /** The time of `head.referenceTimeMs` on the clock of the endpoints. */
  readonly startUs: number;
  /** It cannot be written any further; what stands there is whole. Called at most once. */
  readonly onFailed: (error: TransferError) => void;
  readonly startThread?: () => TraceThread;
  readonly timers?: Timers;
}

/**
 * The trace of the endpoints of one thread, written to a file on another: a slow disk holds nobody up, and
 * what it cannot take is counted.
 */
export class TraceWriter {
  readonly recorder: TraceRecorder;
  readonly #options: TraceWriterOptions;
  readonly #thread: TraceThread;
  readonly #timers: Timers;
  #file: number | undefined;
  #cancelFlush: () => void;
  #onEnded: () => void = () => undefined;
  #isClosing = false;
  #hasFailed = false;

  /** Opens the file and begins it. @throws `TransferError` `local-file` */
  constructor(options: TraceWriterOptions) {
    const { path, head, startUs, startThread = startWorker, timers = systemTimers } = options;
    const file = openTraceFile(path);
    let sizeBytes: number;
    try {
      sizeBytes = appendToTrace(file, 0, qlogHead(head));
    } catch (error) {
      closeSync(file);
      throw traceError(path, error);
    }
    this.#file = file;
    this.#options = options;
    this.#timers = timers;
    this.#thread = startThread();
    this.#thread.listen(this.#onMessage, this.#onThreadEnd);
    this.#thread.post({ type: 'begin', file, sizeBytes, startUs }, []);
    this.recorder = new TraceRecorder((chunk, wordCount) => {
      this.#thread.post({ type: 'chunk', chunk, wordCount }, [chunk.buffer]);
    }, startUs);
    this.#cancelFlush = timers.after(TRACE_FLUSH_MS, this.#flush);
  }

  /** Writes what there is, and closes the file; given up when the disk takes too long. */
  async close(): Promise<void> {
    if (this.#file === undefined || this.#isClosing) return;
    this.#isClosing = true;
    this.#cancelFlush();
    this.recorder.flush();
    this.recorder.stop();
    await new Promise<void>((resolve) => {
      const cancel = this.#timers.after(MAX_TRACE_CLOSE_MS, () => {
        this.#thread.terminate();
        resolve();
      });
      this.#onEnded = () => {
        cancel();
        resolve();
      };
      this.#thread.post({ type: 'end', missingCount: this.recorder.missingCount }, []);
    });
  }

  readonly #flush = (): void => {
    this.recorder.flush();
    this.#cancelFlush = this.#timers.after(TRACE_FLUSH_MS, this.#flush);
  };

  readonly #onMessage = (message: FromTraceWriter): void => {
    if (message.type === 'free') this.recorder.recycle(message.chunk);
    else if (message.type === 'failed') this.#fail(message.message);
    else this.#end();
  };

  readonly #onThreadEnd = (): void => {
    if (!this.#isClosing) this.#fail('its thread has ended');
    this.#end();
  };

  #end(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    this.#onEnded();
  }

  #fail(reason: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#cancelFlush();
    this.recorder.stop();
    this.#options.onFailed(traceError(this.#options.path, new Error(reason), 'ends early'));
  }
}

/** The trace that an endpoint is asked for. @throws `TransferError` `local-file` */
export function traceAsked(options: EngineOptions): TraceWriter | undefined {
  if (options.trace === undefined) return undefined;
  const isReceiving = options.inbox !== undefined || options.onOffer !== undefined;
  return new TraceWriter({
    path: options.trace,
    head: {
      // Whoever may be sent something waits for others; each connection says who opened it.
      vantagePoint: isReceiving ? 'server' : 'client',
      congestion: options.congestion ?? 'bbr',
      windowPackets: options.windowPackets,
      maxBytesPerSec: options.maxBytesPerSec,
      referenceTimeMs: Date.now(),
    },
    startUs: monotonicNowUs(),
    onFailed: (error) => options.onTraceFailed?.(error),
  });
}

function startWorker(): TraceThread {
  return workerThread(
    new Worker(workerEntryUrl('trace-worker', import.meta.url), { name: 'updraft trace' }),
  );
}
