/**
 * One side of a transfer for a driver that runs other programs too, over a link of its own:
 *
 *     transfer-side.ts recv ADDRESS PORT FOLDER
 *     transfer-side.ts send ADDRESS PORT FILE [CONTROLLER]
 *
 * `recv` listens on ADDRESS and prints READY, then one JSON line `{ t_end }` when the file is
 * verified and published in FOLDER. `send` prints `{ t_start }` right before its first OPEN, and
 * `{ retransmitted, cpu, ms }` at the end. Times are nanoseconds of the machine's monotonic clock, which both
 * sides share; `cpu` is seconds of the whole process.
 */
import { createEndpoint } from '../../src/transfer/index.ts';

/** Of both sides, so that each knows the other’s. */
const privateKey = new Uint8Array(32).fill(1);
const introduced = { keyId: '00112233445566ff', secret: '00'.repeat(32) };
const [role, address, port, path, controller = 'bbr'] = process.argv.slice(2);
const isSide = (role === 'recv' || role === 'send') && path !== undefined;
if (!isSide) {
  console.error('transfer-side.ts recv|send ADDRESS PORT FOLDER|FILE [CONTROLLER]');
  process.exit(2);
}
if (role === 'recv') await receive();
else await send();

function say(line: object): void {
  console.log(JSON.stringify(line));
}

function nowNs(): number {
  return Number(process.hrtime.bigint());
}

function cpuSec(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function receive(): Promise<void> {
  const endpoint = await createEndpoint({
    host: address!,
    port: Number(port),
    inbox: path!,
    privateKey,
  });
  endpoint.on('transfer', (transfer) => {
    void transfer.done.then(async () => {
      say({ t_end: nowNs(), cpu: cpuSec() });
      await endpoint.close();
    });
  });
  endpoint.expect({ ...introduced, peerKey: endpoint.publicKey }, 'bench');
  console.log('READY');
}

async function send(): Promise<void> {
  const congestion = controller as 'bbr';
  const endpoint = await createEndpoint({ host: '0.0.0.0', congestion, privateKey });
  const introduction = { ...introduced, peerKey: endpoint.publicKey };
  const addresses = [{ address: address!, port: Number(port) }];
  say({ t_start: nowNs() });
  const transfer = endpoint.send({ introduction, addresses, paths: [path!], peer: 'bench' });
  const { retransmittedBytes, elapsedMs } = await transfer.done;
  say({ retransmitted: retransmittedBytes, cpu: cpuSec(), ms: elapsedMs });
  await endpoint.close();
}
