import type { Worker } from 'node:worker_threads';

/** A thread of ours, as whoever has started it sees it. */
export interface WorkerThread<To, From> {
  /** The buffers are given away with the message. */
  post(message: To, transferred?: readonly ArrayBuffer[]): void;
  /** One listener each. `onEnd` comes once, after the last message; with what went wrong, if it did. */
  listen(onMessage: (message: From) => void, onEnd: (error: Error | undefined) => void): void;
  /** Ends the thread, whatever it does. */
  terminate(): void;
}

export function workerThread<To, From>(worker: Worker): WorkerThread<To, From> {
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
