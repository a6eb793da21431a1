/**
 * One file from one process to another over loopback, disk to disk, as the engine ships:
 * `transfer-once.ts [MiB] [datagram bytes] [controller] [window]` prints a `TransferRate`. With `auto` the
 * engine finds the size of its datagrams. Source and inbox lie on tmpfs where there is one, so that no
 * disk is measured.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EndpointOptions } from 'updraft';
import { memoryFolder } from '../temporary-folder.ts';
import { datagramOption, GIB } from './process-pair.ts';
import { runTransfer } from './transfer-pair.ts';

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
  /** How late the event loop of each caller's thread was meanwhile, 99th percentile. */
  readonly sendLoopP99Ms: number;
  readonly receiveLoopP99Ms: number;
}

const PIECE_BYTES = 1_048_576;
const [mebibytes = '256', datagramBytes = 'auto', controller = 'bbr', windowPackets] =
  process.argv.slice(2);

const options: EndpointOptions = {
  congestion: controller as NonNullable<EndpointOptions['congestion']>,
  ...datagramOption(datagramBytes),
  ...(windowPackets === undefined ? {} : { windowPackets: Number(windowPackets) }),
};

const result = await runTransfer(import.meta.filename, options, () => {
  const folder = memoryFolder();
  const path = join(folder, 'source');
  writeSource(path, Number(mebibytes));
  const inbox = join(folder, 'inbox');
  mkdirSync(inbox);
  return { paths: [path], inbox };
});
if (result !== undefined) {
  const perGiB = GIB / result.totalBytes / 1e6;
  const rate: TransferRate = {
    mbPerSec: result.totalBytes / result.elapsedMs / 1000,
    retransmittedShare: result.retransmittedBytes / result.totalBytes,
    sendCpuSecPerGiB: result.sendCpuUs * perGiB,
    receiveCpuSecPerGiB: result.receiveCpuUs * perGiB,
    sendRssBytes: result.sendRssBytes,
    receiveRssBytes: result.receiveRssBytes,
    sendLoopP99Ms: result.sendLoopP99Ms,
    receiveLoopP99Ms: result.receiveLoopP99Ms,
  };
  console.log(JSON.stringify(rate));
  process.exit();
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
