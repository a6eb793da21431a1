/**
 * One file from one process to another over loopback, disk to disk, as the engine ships:
 * `transfer-once.ts [MiB] [controller] [window]` prints a `TransferRate`. Source and inbox lie on
 * tmpfs where there is one, so that no disk is measured.
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createEndpoint,
  type EndpointOptions,
  type Introduction,
} from '../../src/transfer/index.ts';
import { cpuUs, isMainProcess, startCpu } from './process-pair.ts';

/** What a run prints. */
export interface TransferRate {
  /** 10^6 bytes a second, from the first OPEN to the verified and published file. */
  readonly mbPerSec: number;
  readonly retransmittedShare: number;
  /** User and system, whole processes, from the opening to the end. */
  readonly sendCpuSecPerGiB: number;
  readonly receiveCpuSecPerGiB: number;
  /** Largest resident set of each process, its start included. */
  readonly sendRssBytes: number;
  readonly receiveRssBytes: number;
}

type ToReceiver = { readonly introduction: Introduction } | { readonly isOver: true };
type FromReceiver =
  | { readonly port: number; readonly publicKey: string }
  | { readonly isExpecting: true }
  | { readonly cpuUs: number; readonly rssBytes: number };

const GIB = 2 ** 30;
const PIECE_BYTES = 1_048_576;
const introduced = { keyId: '00112233445566ff', secret: '00'.repeat(32) };
const [mebibytes = '256', controller = 'bbr', windowPackets] = process.argv.slice(2);

const options: EndpointOptions = {
  congestion: controller as NonNullable<EndpointOptions['congestion']>,
  ...(windowPackets === undefined ? {} : { windowPackets: Number(windowPackets) }),
};

if (isMainProcess()) await send();
else await receive();

function rssBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

async function receive(): Promise<void> {
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

async function send(): Promise<void> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'updraft-'));
  try {
    const path = join(folder, 'source');
    writeSource(path, Number(mebibytes));
    const inbox = join(folder, 'inbox');
    mkdirSync(inbox);
    const receiver = fork(import.meta.filename, process.argv.slice(2), {
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
    const transfer = endpoint.send({ introduction, addresses, paths: [path], peer: 'bench' });
    const result = await transfer.done;
    const elapsedMs = performance.now() - startMs;
    const sendCpuUs = cpuUs();
    const heard = hear();
    receiver.send({ isOver: true } satisfies ToReceiver);
    const { cpuUs: receiveCpuUs, rssBytes: receiveRssBytes } = (await heard) as {
      cpuUs: number;
      rssBytes: number;
    };
    await endpoint.close();
    const perGiB = GIB / result.totalBytes / 1e6;
    const rate: TransferRate = {
      mbPerSec: result.totalBytes / elapsedMs / 1000,
      retransmittedShare: result.retransmittedBytes / result.totalBytes,
      sendCpuSecPerGiB: sendCpuUs * perGiB,
      receiveCpuSecPerGiB: receiveCpuUs * perGiB,
      sendRssBytes: rssBytes(),
      receiveRssBytes,
    };
    console.log(JSON.stringify(rate));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeSource(path: string, mebibyteCount: number): void {
  const piece = randomBytes(PIECE_BYTES);
  const file = openSync(path, 'w');
  for (let index = 0; index < mebibyteCount; index++) {
    piece.writeUInt32BE(index);
    writeSync(file, piece);
  }
  closeSync(file);
}
