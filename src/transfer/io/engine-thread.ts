import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { FromEngine, ToEngine } from './engine-messages.ts';

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
  return workerThread(new Worker(entryUrl(), { name: 'updraft engine' }));
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

/** The compiled file beside this one where this is compiled, else the source, which some Nodes run. */
function entryUrl(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./engine-worker.js', import.meta.url);
  const stripsTypes = (process.features as { readonly typescript?: unknown }).typescript;
  const entry = stripsTypes ? './engine-worker.ts' : './engine-worker-source.mjs';
  return new URL(entry, import.meta.url);
}
