/**
 * `upd client` with sockets that lose, delay, damage and reorder: the real client, composed by the
 * demo's own entry. Arguments: server port, its fingerprint, inbox, folder for the state, seed, file for the counters.
 */
import { writeFileSync } from 'node:fs';
import { parseFingerprint } from '../src/chat/client.ts';
import { runOnConsole } from '../src/cli/client.ts';
import { createEndpoint } from '../src/transfer/index.ts';
import { BAD_LINK, MisbehavingNetwork } from './misbehaving-socket.ts';

const [serverPort, fingerprint, inbox, stateDir, seed, countersPath] = process.argv.slice(2);
const network = new MisbehavingNetwork({ ...BAD_LINK, seed: Number(seed) });

process.exitCode = await runOnConsole({
  serverHost: '127.0.0.1',
  serverPort: Number(serverPort),
  udpPort: 0,
  fingerprint: parseFingerprint(fingerprint!)!,
  inbox: inbox!,
  stateDir: stateDir!,
  queue: 4,
  createEndpoint: (options) => createEndpoint({ ...options, createSocket: network.createSocket }),
});
writeFileSync(countersPath!, JSON.stringify(network.counters));
