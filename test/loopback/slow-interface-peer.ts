/**
 * One side of the slow interface, as a process: `receive HOST PORT COUNT` prints `ready`, then what
 * came as JSON; `send HOST PORT COUNT TO_HOST heed|ignore` sends as fast as it may and prints how
 * often libuv held a pointer. `ignore` hides that from the driver.
 */
import dgram from 'node:dgram';
import { CreditReceiver, CreditSender } from '../../bench/loopback/credit-window.ts';
import { TransportDriver } from '../../src/transfer/io/udp/transport-driver.ts';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';
import { fillContent, hasContent } from './distinct-content.ts';

const DATAGRAM_BYTES = 1_400;
/** Without a datagram for this long the rest is lost. */
const SILENCE_MS = 3_000;

const [role, host, portText, countText, toHost, rule] = process.argv.slice(2);
const port = Number(portText);
const count = Number(countText);
const shared = { maxDatagramBytes: DATAGRAM_BYTES, onEvent: () => undefined };

if (role === 'receive') await receive();
else await send();

async function receive(): Promise<void> {
  const seen = new Set<number>();
  const transport = new CreditReceiver({
    count,
    check: (datagram, sequence) => {
      seen.add(sequence);
      return hasContent(datagram, sequence);
    },
  });
  const udpPort = await UdpPort.bind({ host: host!, port });
  let silence: NodeJS.Timeout | undefined;
  const onTurn = (): void => {
    clearTimeout(silence);
    silence = setTimeout(end, SILENCE_MS);
    if (seen.size === count) end();
  };
  const driver = new TransportDriver({ ...shared, port: udpPort, transport, onTurn });
  function end(): void {
    clearTimeout(silence);
    void driver.close();
    const { receivedCount, alteredCount } = transport;
    console.log(JSON.stringify({ receivedCount, alteredCount, distinctCount: seen.size }));
  }
  console.log('ready');
}

async function send(): Promise<void> {
  let heldCount = 0;
  const createSocket = (options: dgram.SocketOptions): dgram.Socket => {
    const socket = dgram.createSocket(options);
    const ask = socket.getSendQueueCount.bind(socket);
    socket.getSendQueueCount = () => {
      const queueCount = ask();
      if (queueCount > 0) heldCount++;
      return rule === 'ignore' ? 0 : queueCount;
    };
    return socket;
  };
  const to = { address: toHost!, port };
  const udpPort = await UdpPort.bindFree({ host: host!, createSocket });
  udpPort.connect(to);
  const transport = new CreditSender({
    to,
    count,
    datagramBytes: DATAGRAM_BYTES,
    windowDatagrams: Infinity,
    fill: fillContent,
  });
  const onTurn = (): void => {
    if (!transport.isDone) return;
    void driver.close();
    console.log(JSON.stringify({ heldCount }));
  };
  const driver = new TransportDriver({ ...shared, port: udpPort, transport, onTurn });
  driver.wake();
}
