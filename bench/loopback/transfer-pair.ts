import { fork } from 'node:child_process';
import { createEndpoint, type EndpointOptions, type Introduction } from 'updraft';
import { LoopDelay, peakRssBytes } from './process-measures.ts';
import { cpuUs, isMainProcess, startCpu } from './process-pair.ts';

/** What a transfer between two processes took. */
export interface PairResult {
  readonly totalBytes: number;
  readonly fileCount: number;
  /** From the first OPEN to the verified and published files, as the sender hears of it. */
  readonly elapsedMs: number;
  readonly retransmittedBytes: number;
  /** User and system, whole processes, from the opening to the end. */
  readonly sendCpuUs: number;
  readonly receiveCpuUs: number;
  /** Largest resident set of each process, its start included. */
  readonly sendRssBytes: number;
  readonly receiveRssBytes: number;
  /** How late the event loop of each caller's thread was meanwhile, 99th percentile. */
  readonly sendLoopP99Ms: number;
  readonly receiveLoopP99Ms: number;
}

/** What the receiving process has measured. */
type Received = Pick<PairResult, 'receiveCpuUs' | 'receiveRssBytes' | 'receiveLoopP99Ms'>;

type ToReceiver = { readonly introduction: Introduction } | { readonly isOver: true };
type FromReceiver =
  { readonly port: number; readonly publicKey: string } | { readonly isExpecting: true } | Received;

const introduced = { keyId: '00112233445566ff', secret: '00'.repeat(32) };

/**
 * One transfer over loopback, from this process to another one that runs the same `script`, which calls
 * this again with the same options and returns undefined there. Nothing is closed in order, which would
 * take another second: the script that has the result ends its process.
 *
 * @param prepare makes, in this process only, what is sent and the inbox
 */
export async function runTransfer(
  script: string,
  options: EndpointOptions,
  prepare: () => { readonly paths: readonly string[]; readonly inbox: string },
): Promise<PairResult | undefined> {
  if (isMainProcess()) return send(script, options, prepare());
  await receive(options);
  return undefined;
}

async function receive(options: EndpointOptions): Promise<void> {
  const inbox = process.env['UPDRAFT_BENCH_INBOX']!;
  const endpoint = await createEndpoint({ ...options, inbox });
  const loopDelay = new LoopDelay();
  const tell = (message: FromReceiver): void => void process.send!(message);
  process.on('disconnect', () => process.exit());
  process.on('message', (message: ToReceiver) => {
    if ('introduction' in message) {
      startCpu();
      loopDelay.start();
      endpoint.expect(message.introduction, 'bench');
      tell({ isExpecting: true });
    } else {
      tell({
        receiveCpuUs: cpuUs(),
        receiveRssBytes: peakRssBytes(),
        receiveLoopP99Ms: loopDelay.stopP99Ms(),
      });
    }
  });
  tell({ port: endpoint.address.port, publicKey: endpoint.publicKey });
}

async function send(
  script: string,
  options: EndpointOptions,
  { paths, inbox }: { readonly paths: readonly string[]; readonly inbox: string },
): Promise<PairResult> {
  const receiver = fork(script, process.argv.slice(2), {
    env: { ...process.env, UPDRAFT_BENCH_ROLE: 'receive', UPDRAFT_BENCH_INBOX: inbox },
  });
  const hear = (): Promise<FromReceiver> =>
    new Promise((resolve) => receiver.once('message', resolve));
  const endpoint = await createEndpoint(options);
  const { port, publicKey } = (await hear()) as { port: number; publicKey: string };
  const isExpecting = hear();
  receiver.send({
    introduction: { ...introduced, peerKey: endpoint.publicKey },
  } satisfies ToReceiver);
  await isExpecting;

  const loopDelay = new LoopDelay();
  startCpu();
  loopDelay.start();
  const startMs = performance.now();
  const addresses = [{ address: '127.0.0.1', port }];
  const introduction = { ...introduced, peerKey: publicKey };
  const transfer = endpoint.send({ introduction, addresses, paths, peer: 'bench' });
  const { totalBytes, fileCount, retransmittedBytes } = await transfer.done;
  const elapsedMs = performance.now() - startMs;
  const sendCpuUs = cpuUs();
  const sendLoopP99Ms = loopDelay.stopP99Ms();
  const heard = hear();
  receiver.send({ isOver: true } satisfies ToReceiver);
  const received = (await heard) as Received;
  return {
    ...{ totalBytes, fileCount, elapsedMs, retransmittedBytes },
    ...{ sendCpuUs, sendLoopP99Ms, sendRssBytes: peakRssBytes() },
    ...received,
  };
}
