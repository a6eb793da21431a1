import { basename, dirname } from 'node:path';
import type { Peer } from '../peer.ts';
import { freePort } from '../stage.ts';
import { certify, pemPaths } from './certificate.ts';
import { found } from './found.ts';

/** Windows that are no limit on any path here. */
const QUIC_WINDOWS = [
  ...['--max-data=64M', '--max-stream-data-bidi-local=64M'],
  ...['--max-window=96M', '--max-stream-window=96M'],
];

/** HTTP/3, a download: the server sends. */
export const quic: Peer = {
  name: 'QUIC',
  description: 'ngtcp2 with BBR, windows of 64 MiB; from the start of the client to its end',
  isEncrypted: true,
  target: 'cut first',
  prepare: async (folder) => {
    found(['gtlsclient', 'gtlsserver'], 'Debian: ngtcp2-client, ngtcp2-server');
    await certify(folder);
  },
  run: async (stage) => {
    const { a } = stage.place.addresses;
    const port = await freePort('udp');
    const [server] = found(['gtlsserver'], 'ngtcp2-server');
    const files = ['-d', dirname(stage.source)];
    const pem = pemPaths(stage.folder);
    const sending = stage.start('a', server!, '-q', '--cc=bbr', ...files, a, port, ...pem);
    await sending.listens('udp', port);
    return stage.wholeRun(
      ...(['b', 'gtlsclient', '-q', '--no-quic-dump', '--no-http-dump'] as const),
      ...['--exit-on-all-streams-close', ...QUIC_WINDOWS, `--download=${dirname(stage.target)}`],
      ...[a, port, `https://${a}:${port}/${basename(stage.source)}`],
    );
  },
};
