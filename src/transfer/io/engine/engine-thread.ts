import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { FromEngine, ToEngine } from './engine-messages.ts';
import { workerEntryUrl } from '../worker-entry.ts';
import { type WorkerThread, workerThread } from '../worker-thread.ts';

/**
 * Below this the heap of a new thread grows without a full collection. The bytes of datagrams and
 * records are many and die young; V8 counts them, and else collects everything once in 20 MB of them: a
 * fifth of the engine's CPU time. Bytes that live go on to be bounded by credit.
 */
const INITIAL_HEAP_MIB = 256;

/** A thread with an `EngineHost`. */
export type EngineThread = WorkerThread<ToEngine, FromEngine>;

/** Starts the engine on a thread of its own. */
export function startEngineThread(): EngineThread {
  setFlagsFromString(`--initial-heap-size=${INITIAL_HEAP_MIB}`);
  return workerThread(
    new Worker(workerEntryUrl('engine-worker', import.meta.url), { name: 'updraft engine' }),
  );
}
