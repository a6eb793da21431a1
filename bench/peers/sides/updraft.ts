/**
 * One side of a transfer by updraft:
 *
 *     updraft recv ADDRESS PORT FOLDER       into a new file, which then replaces the one of that name
 *     updraft over ADDRESS PORT FILE         over a file that is there, by a stream
 *     updraft send ADDRESS PORT FILE [CONTROLLER]
 *
 * The receiver listens on ADDRESS and prints READY, then one JSON line `{ t_end }` when the file is
 * verified, and with `recv` published. `send` prints `{ t_start }` right before its first OPEN. Times are
 * nanoseconds of the machine's monotonic clock, which both sides share.
 */
import { createWriteStream } from 'node:fs';
import { createEndpoint, type CongestionName, type EndpointOptions } from 'updraft';
import { nowNs, say } from './spoken.ts';

/** Of both sides, so that each knows the other's. */
const privateKey = new Uint8Array(32).fill(1);
const introduced = { keyId: '00112233445566ff', secret: '00'.repeat(32) };
const [role, address, port, path, controller = 'bbr'] = process.argv.slice(2);
if (role === 'send') await send();
else if (role === 'recv') await receive({ inbox: path!, conflict: 'overwrite' });
else await receive({ onOffer: () => ({ into: createWriteStream(path!, { flags: 'r+' }) }) });

async function receive(options: EndpointOptions): Promise<void> {
  const endpoint = await createEndpoint({
    ...{ host: address!, port: Number(port), privateKey },
    ...options,
  });
  endpoint.on('transfer', (transfer) => {
    void transfer.done.then(() => {
      // The bench ends this process, once the sender has heard too.
      say({ t_end: nowNs() });
    });
  });
  endpoint.expect({ ...introduced, peerKey: endpoint.publicKey }, 'bench');
  console.log('READY');
}

async function send(): Promise<void> {
  const congestion = controller as CongestionName;
  const endpoint = await createEndpoint({ host: '0.0.0.0', congestion, privateKey });
  const introduction = { ...introduced, peerKey: endpoint.publicKey };
  const addresses = [{ address: address!, port: Number(port) }];
  say({ t_start: nowNs() });
  await endpoint.send({ introduction, addresses, paths: [path!], peer: 'bench' }).done;
  // In order it would take a second more, in which nothing is measured.
  process.exit();
}
