import { Worker } from 'node:worker_threads';
import { workerEntryUrl } from '../transfer/diagnosis.ts';
import type { EmulatedLinkOptions, LinkReport } from './emulated-link.ts';

/** What the thread of a link says: where it is, then what it has done. */
export type FromLinkThread =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'report'; readonly report: LinkReport };

/** An emulated link on a thread of its own, so that neither endpoint holds it up. */
export interface LinkThread {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Rejects when the thread fails; it never resolves. */
  readonly failure: Promise<never>;
  /** What it has done. */
  report(): Promise<LinkReport>;
  end(): void;
}

export async function startLinkThread(options: EmulatedLinkOptions): Promise<LinkThread> {
  const entry = workerEntryUrl('link-worker', import.meta.url);
  const worker = new Worker(entry, { name: 'updraft link', workerData: options });
  const failure = new Promise<never>((_resolve, reject) => {
    worker.on('error', (error) => {
      reject(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', () => {
      reject(new Error('the emulated link has ended'));
    });
  });
  failure.catch(() => undefined);
  const heard = <Type extends FromLinkThread['type']>(
    type: Type,
  ): Promise<Extract<FromLinkThread, { type: Type }>> =>
    Promise.race([
      failure,
      new Promise<Extract<FromLinkThread, { type: Type }>>((resolve) => {
        worker.on('message', (message: FromLinkThread) => {
          if (message.type === type) resolve(message as Extract<FromLinkThread, { type: Type }>);
        });
      }),
    ]);
  const { port } = await heard('ready');
  return {
    port,
    failure,
    report: async () => {
      const told = heard('report');
      worker.postMessage('report');
      return (await told).report;
    },
    end: () => {
      void worker.terminate();
    },
  };
}
