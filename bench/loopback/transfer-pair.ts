import { fork } from 'node:child_process';
import { createEndpoint, type EndpointOptions, type Introduction } from 'updraft';
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
}

type ToReceiver = { readonly introduction: Introduction } | { readonly isOver: true };
type FromReceiver =
  | { readonly port: number; readonly publicKey: string }
  | { readonly isExpecting: true }
  | { readonly cpuUs: number; readonly rssBytes: number };

const introduced = { keyId: '00112233445566ff', secret: '00'.repeat(32) };

/**
 * One transfer over loopback, from this process to another one that runs the same `script`, which calls
 * this again with the same options and returns undefined there.
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
  const tell = (message: FromReceiver): void => void process.send!(message);
  process.on('message', (message: ToReceiver) => {
    if ('introduction' in message) {
      startCpu();
      endpoint.expect(message.introduction, 'bench');
      tell({ isExpecting: true });
    } else {
      tell({ cpuUs: cpuUs(), rssBytes: rssBytes() });
      void endpoint.close().then(() => {
        process.disconnect();
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

  startCpu();
  const startMs = performance.now();
  const addresses = [{ address: '127.0.0.1', port }];
  const introduction = { ...introduced, peerKey: publicKey };
  const transfer = endpoint.send({ introduction, addresses, paths, peer: 'bench' });
  const { totalBytes, fileCount, retransmittedBytes } = await transfer.done;
  const elapsedMs = performance.now() - startMs;
  const sendCpuUs = cpuUs();
  const heard = hear();
  receiver.send({ isOver: true } satisfies ToReceiver);
  const { cpuUs: receiveCpuUs, rssBytes: receiveRssBytes } = (await heard) as {
    cpuUs: number;
    rssBytes: number;
  };
  await endpoint.close();
  return {
    ...{ totalBytes, fileCount, elapsedMs, retransmittedBytes },
    ...{ sendCpuUs, receiveCpuUs, sendRssBytes: rssBytes(), receiveRssBytes },
  };
}

function rssBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}
