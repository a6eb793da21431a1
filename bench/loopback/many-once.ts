/**
 * Many transfers at once from one process to another over loopback, each of a file of its own:
 * `many-once.ts [TRANSFERS] [MiB in all] [datagram bytes]` prints a `ManyResult`. Files lie on tmpfs where
 * there is one.
 */
import { fork } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createEndpoint, type EndpointOptions, type TransferEndpoint } from 'updraft';
import { memoryFolder } from '../temporary-folder.ts';
import { peakRssBytes } from './process-measures.ts';
import { cpuUs, datagramOption, GIB, isMainProcess, startCpu } from './process-pair.ts';

/** What a run prints. */
export interface ManyResult {
  readonly transferCount: number;
  readonly intactCount: number;
  /** Of the first transfers that failed, why. */
  readonly failures: readonly string[];
  /** 10^6 bytes a second of all, from the first OPEN to the last verified and published file. */
  readonly mbPerSec: number;
  /** From the first OPEN to the first and the last end, as the sender hears of them. */
  readonly firstEndMs: number;
  readonly lastEndMs: number;
  readonly retransmittedShare: number;
  /** User and system, whole processes, both sides. */
  readonly cpuSecPerGiB: number;
  /** Largest resident set of each process, its start included. */
  readonly sendRssBytes: number;
  readonly receiveRssBytes: number;
}

interface FromReceiver {
  readonly ticket?: string;
  readonly cpuUs?: number;
  readonly rssBytes?: number;
}

const SHOWN_FAILURES = 3;
/** Files pass through this: what the process took for whole ones would be counted as the sender's. */
const block = Buffer.alloc(2 ** 20);
const [transfers = '100', mebibytes = '256', datagramBytes = '1400'] = process.argv.slice(2);
const transferCount = Number(transfers);
const bytesEach = Math.floor((Number(mebibytes) * 2 ** 20) / transferCount);
const options: EndpointOptions = {
  host: '127.0.0.1',
  ...datagramOption(datagramBytes),
};

if (isMainProcess()) {
  console.log(JSON.stringify(await send(memoryFolder())));
  // Closed in order it would take another second.
  process.exit();
} else await receive();

async function receive(): Promise<void> {
  const endpoint = await createEndpoint({ ...options, inbox: process.env['UPDRAFT_BENCH_INBOX']! });
  const tell = (message: FromReceiver): void => void process.send!(message);
  process.on('disconnect', () => process.exit());
  process.on('message', () => {
    tell({ cpuUs: cpuUs(), rssBytes: peakRssBytes() });
  });
  startCpu();
  tell({ ticket: endpoint.ticket() });
}

async function send(folder: string): Promise<ManyResult> {
  const inbox = join(folder, 'inbox');
  mkdirSync(inbox);
  const hashes = Array.from({ length: transferCount }, (_, index) =>
    writeRandomFile(join(folder, `${index}`)),
  );
  const receiver = fork(import.meta.filename, process.argv.slice(2), {
    env: { ...process.env, UPDRAFT_BENCH_ROLE: 'receive', UPDRAFT_BENCH_INBOX: inbox },
  });
  const hear = (): Promise<FromReceiver> =>
    new Promise((resolve) => receiver.once('message', resolve));
  const endpoint = await createEndpoint(options);
  const { ticket } = await hear();
  startCpu();
  const sent = await sendAll(endpoint, ticket!, folder);
  const sendCpuUs = cpuUs();
  const heard = hear();
  receiver.send('over');
  const { cpuUs: receiveCpuUs, rssBytes: receiveRssBytes } = await heard;
  const totalBytes = bytesEach * transferCount;
  return {
    transferCount,
    intactCount: hashes.filter((hash, index) => hash === hashOfFile(join(inbox, `${index}`)))
      .length,
    ...sent,
    mbPerSec: totalBytes / sent.lastEndMs / 1000,
    cpuSecPerGiB: ((sendCpuUs + receiveCpuUs!) / 1e6) * (GIB / totalBytes),
    sendRssBytes: peakRssBytes(),
    receiveRssBytes: receiveRssBytes!,
  };
}

async function sendAll(
  endpoint: TransferEndpoint,
  ticket: string,
  folder: string,
): Promise<Pick<ManyResult, 'failures' | 'firstEndMs' | 'lastEndMs' | 'retransmittedShare'>> {
  const failures: string[] = [];
  const ends: number[] = [];
  let retransmittedBytes = 0;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: transferCount }, async (_, index) => {
      try {
        const result = await endpoint.send({ ticket, paths: [join(folder, `${index}`)] }).done;
        retransmittedBytes += result.retransmittedBytes;
        ends.push(performance.now() - startMs);
      } catch (error) {
        failures.push((error as Error).message);
      }
    }),
  );
  return {
    failures: failures.slice(0, SHOWN_FAILURES),
    firstEndMs: ends[0] ?? NaN,
    lastEndMs: ends.at(-1) ?? NaN,
    retransmittedShare: retransmittedBytes / (bytesEach * transferCount),
  };
}

/** Returns the hash of what it wrote. */
function writeRandomFile(path: string): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'w');
  for (let leftBytes = bytesEach; leftBytes > 0; leftBytes -= block.length) {
    const part = randomFillSync(block.subarray(0, leftBytes));
    hash.update(part);
    writeSync(file, part);
  }
  closeSync(file);
  return hash.digest('hex');
}

function hashOfFile(path: string): string {
  if (!existsSync(path)) return '';
  const hash = createHash('sha256');
  const file = openSync(path, 'r');
  for (;;) {
    const length = readSync(file, block);
    if (length === 0) break;
    hash.update(block.subarray(0, length));
  }
  closeSync(file);
  return hash.digest('hex');
}
