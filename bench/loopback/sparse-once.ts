/**
 * A file larger than any memory, from one process to another one that only counts its bytes:
 * `sparse-once [MB] [datagram bytes]` prints a `SparseResult`, by default for 10,000 MB. The file is one
 * hole on the disk, and the receiver's stream lets everything go: what a process holds is the engine's.
 */
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { EndpointOptions } from 'updraft';
import { memoryFolder } from '../temporary-folder.ts';
import { datagramOption, GIB } from './process-pair.ts';
import { runTransfer } from './transfer-pair.ts';

/** What a run prints. */
export interface SparseResult {
  readonly totalBytes: number;
  /** 10^6 bytes a second. */
  readonly mbPerSec: number;
  /** User and system, whole processes, both sides. */
  readonly cpuSecPerGiB: number;
  /** Largest resident set of each process, its start included. */
  readonly sendRssBytes: number;
  readonly receiveRssBytes: number;
}

const MB = 1e6;
const [megabytes = '10000', datagramBytes = 'auto'] = process.argv.slice(2);

/** Takes everything at once. */
function sink(): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
}

const options: EndpointOptions = {
  ...datagramOption(datagramBytes),
  onOffer: () => ({ into: sink() }),
};
const result = await runTransfer(import.meta.filename, options, () => {
  const folder = memoryFolder();
  const path = join(folder, 'source');
  const file = openSync(path, 'w');
  ftruncateSync(file, Number(megabytes) * MB);
  closeSync(file);
  return { paths: [path], inbox: folder };
});
if (result !== undefined) {
  const { totalBytes, elapsedMs, sendCpuUs, receiveCpuUs } = result;
  const sparse: SparseResult = {
    totalBytes,
    mbPerSec: totalBytes / elapsedMs / 1000,
    cpuSecPerGiB: ((sendCpuUs + receiveCpuUs) / 1e6) * (GIB / totalBytes),
    sendRssBytes: result.sendRssBytes,
    receiveRssBytes: result.receiveRssBytes,
  };
  console.log(JSON.stringify(sparse));
  process.exit();
}
