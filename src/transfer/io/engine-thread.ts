import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { FromEngine, ToEngine } from './engine-messages.ts';
import { workerEntryUrl } from './worker-entry.ts';

/**
 * Below this the heap of a new thread grows without a full collection. The bytes of datagrams and
 * records are many and die young; V8 counts them, and else collects everything once in 20 MB of them: a
 * fifth of the engine's CPU time. Bytes that live go on to be bounded by credit.
 */
const INITIAL_HEAP_MIB = 256;

/** A thread with an `EngineHost`, as its caller sees it. */
export interface EngineThread {
  /** The buffers are given away with the message. */
  post(message: ToEngine, transferred?: readonly ArrayBuffer[]): void;
  /** One listener each. `onEnd` comes once, after the last message; with what went wrong, if it did. */
  listen(onMessage: (message: FromEngine) => void, onEnd: (error: Error | undefined) => void): void;
  /** Ends the thread, whatever it does. */
  terminate(): void;
}

/** Starts the engine on a thread of its own. */
export function startEngineThread(): EngineThread {
  setFlagsFromString(`--initial-heap-size=${INITIAL_HEAP_MIB}`);
  return workerThread(new Worker(workerEntryUrl('engine-worker'), { name: 'updraft engine' }));
}

export function workerThread(worker: Worker): EngineThread {
  return {
    post: (message, transferred = []) => {
      worker.postMessage(message, transferred);
    },
    listen: (onMessage, onEnd) => {
      let failure: Error | undefined;
      const fail = (error: unknown): void => {
        failure ??= error instanceof Error ? error : new Error(String(error));
      };
      worker.on('message', onMessage);
      worker.on('messageerror', (error) => {
        // What it said is lost: nobody could wait for it.
        fail(error);
        void worker.terminate();
      });
      worker.on('error', fail);
      worker.on('exit', () => {
        onEnd(failure);
      });
    },
    terminate: () => {
      void worker.terminate();
    },
  };
}
