import { compiledScript } from '../../compiled.ts';
import type { Peer } from '../peer.ts';
import { freePort } from '../stage.ts';
import { certify, pemPaths } from './certificate.ts';

const node = process.execPath;

function nodeStreams(kind: 'tcp' | 'tls', name: string): Peer {
  return {
    name,
    description:
      kind === 'tls' ? 'node:tls, pipelines of 256 KiB' : 'node:net, pipelines of 256 KiB',
    isEncrypted: kind === 'tls',
    target: 'written over',
    prepare: certify,
    run: async (stage) => {
      const to = [stage.place.addresses.b, await freePort('tcp')];
      const script = compiledScript('peers/sides/node-streams.ts');
      const [key, certificate] = pemPaths(stage.folder);
      return stage.ownTimes(
        [node, script, kind, 'recv', ...to, stage.target, key, certificate],
        [node, script, kind, 'send', ...to, stage.source],
      );
    },
  };
}

export const nodeTcp: Peer = nodeStreams('tcp', 'Node TCP');
export const nodeTls: Peer = nodeStreams('tls', 'Node TLS');
