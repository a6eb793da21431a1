import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Peer } from '../peer.ts';
import { freePort } from '../stage.ts';
import { found } from './found.ts';

const run = promisify(execFile);
/** What the library takes by itself. */
const DEFAULT_MSS_BYTES = 1_500;

/** UDT4, by a driver of ours that is compiled here. */
export const udt: Peer = {
  name: 'UDT',
  description: 'libudt, buffers of 64 MiB, MSS as the MTU of the link or 1500',
  isEncrypted: false,
  target: 'written over',
  prepare: async (folder) => {
    found(['g++'], 'Debian: g++');
    if (!existsSync('/usr/include/udt/udt.h'))
      throw new Error('no udt/udt.h here (Debian: libudt-dev)');
    const source = join(import.meta.dirname, '../sides/udt.cc');
    await run('g++', ['-O2', '-o', join(folder, 'udt'), source, '-ludt', '-lpthread']);
  },
  run: async (stage) => {
    const program = join(stage.folder, 'udt');
    const port = await freePort('udp');
    const mss = stage.place.mtuBytes ?? DEFAULT_MSS_BYTES;
    return stage.ownTimes(
      [program, 'recv', port, stage.target, stage.sizeBytes, mss],
      [program, 'send', stage.place.addresses.b, port, stage.source, mss],
    );
  },
};
