import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compiledScript } from '../../compiled.ts';
import type { Peer } from '../peer.ts';
import { freePort } from '../stage.ts';

const VERSION = '1.21.3';

/** Where npm puts it, under the folder that `--modules` names. */
function packageIn(modules: string): string {
  return join(modules, 'node_modules/udx-native');
}

/** The transport of Hyperswarm: no encryption of its own, no handshake. */
export function udx(modules: string): Peer {
  return {
    name: 'udx',
    description: 'udx-native, one stream, pipes of 256 KiB',
    isEncrypted: false,
    target: 'written over',
    prepare: () => {
      if (!existsSync(packageIn(modules)))
        throw new Error(`no udx-native in ${modules} (--install puts it there)`);
    },
    run: async (stage) => {
      const { a, b } = stage.place.addresses;
      const [ports, script] = [[await freePort('udp'), await freePort('udp')], side()];
      const more = [stage.sizeBytes, packageIn(modules)];
      return stage.ownTimes(
        [process.execPath, script, 'recv', b, ports[1]!, a, ports[0]!, stage.target, ...more],
        [process.execPath, script, 'send', a, ports[0]!, b, ports[1]!, stage.source, ...more],
      );
    },
  };
}

function side(): string {
  return compiledScript('peers/sides/udx.ts');
}

/** By npm, into that folder and no other. */
export async function installUdx(modules: string): Promise<void> {
  mkdirSync(modules, { recursive: true });
  const where = ['--prefix', modules, '--no-save', '--no-audit', '--no-fund'];
  await promisify(execFile)('npm', ['install', ...where, `udx-native@${VERSION}`]);
}
