/**
 * The same load as `raw-blast.ts`, through a `TransportDriver` on each side: what the driver costs.
 *
 * `driver-blast.ts [datagram bytes] [MiB]` prints a `Rate`.
 */
import { TransportDriver } from '../../src/transfer/io/udp/transport-driver.ts';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';
import { CreditReceiver, CreditSender } from './credit-window.ts';
import {
  cpuUs,
  isMainProcess,
  runPair,
  sizesFromArguments,
  startCpu,
  windowDatagrams,
} from './process-pair.ts';

const { datagramBytes, count } = sizesFromArguments();
const shared = { maxDatagramBytes: datagramBytes, onEvent: () => undefined };

if (isMainProcess()) {
  const port = await UdpPort.bindFree({ host: '127.0.0.1' });
  await runPair(import.meta.filename, (toPort, receiveBufferBytes) =>
    send(port, toPort, receiveBufferBytes),
  );
} else await receive();

async function receive(): Promise<void> {
  const port = await UdpPort.bind({ host: '127.0.0.1', port: 0 });
  const transport = new CreditReceiver({ count });
  let isTold = false;
  const onTurn = (): void => {
    if (isTold || !transport.isDone) return;
    isTold = true;
    const { receivedCount, receivedBytes: bytes, firstAtUs, lastAtUs } = transport;
    process.send!({
      receivedCount,
      bytes,
      elapsedMs: (lastAtUs - firstAtUs) / 1000,
      cpuUs: cpuUs(),
    });
  };
  new TransportDriver({ ...shared, port, transport, onTurn });
  startCpu();
  process.send!({ port: port.address.port, receiveBufferBytes: port.receiveBufferBytes });
}

function send(port: UdpPort, toPort: number, receiveBufferBytes: number): () => Promise<void> {
  const to = { address: '127.0.0.1', port: toPort };
  port.connect(to);
  const transport = new CreditSender({
    to,
    count,
    datagramBytes,
    windowDatagrams: windowDatagrams(receiveBufferBytes, datagramBytes),
  });
  const driver = new TransportDriver({ ...shared, port, transport });
  driver.wake();
  return () => driver.close();
}
