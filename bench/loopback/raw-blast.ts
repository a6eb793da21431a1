/**
 * The ceiling: what node:dgram carries between two processes on loopback with next to no code around
 * it. One connected socket, one buffer, no callback; a credit answer every 16 datagrams.
 *
 * `raw-blast.ts [datagram bytes] [MiB]` prints a `Rate`.
 */
import dgram from 'node:dgram';
import {
  cpuUs,
  isMainProcess,
  runPair,
  sizesFromArguments,
  startCpu,
  windowDatagrams,
} from './process-pair.ts';

const ACK_EVERY = 16;
const BATCH_DATAGRAMS = 64;
/** Without credit for this long the datagrams in flight count as lost. */
const STUCK_MS = 20;
const { datagramBytes, count } = sizesFromArguments();

if (isMainProcess()) await runPair(import.meta.filename, send);
else receive();

function openSocket(): dgram.Socket {
  return dgram.createSocket({
    type: 'udp4',
    recvBufferSize: 4_194_304,
    sendBufferSize: 1_048_576,
  });
}

function receive(): void {
  const socket = openSocket();
  const answer = Buffer.alloc(4);
  let receivedCount = 0;
  let startMs = 0;
  socket.on('message', (datagram, from) => {
    if (receivedCount++ === 0) {
      startMs = performance.now();
      startCpu();
    }
    const sequence = datagram.readUInt32BE(0);
    const isLast = sequence === count - 1;
    if (isLast || receivedCount % ACK_EVERY === 0) {
      answer.writeUInt32BE(sequence + 1);
      socket.send(answer, from.port, from.address);
    }
    if (isLast) {
      const elapsedMs = performance.now() - startMs;
      process.send!({
        receivedCount,
        elapsedMs,
        bytes: receivedCount * datagramBytes,
        cpuUs: cpuUs(),
      });
    }
  });
  socket.bind(0, '127.0.0.1', () => {
    const { port } = socket.address();
    process.send!({ port, receiveBufferBytes: socket.getRecvBufferSize() });
  });
}

function send(port: number, receiveBufferBytes: number): () => void {
  const socket = openSocket();
  const buffer = Buffer.alloc(datagramBytes, 1);
  const window = windowDatagrams(receiveBufferBytes, datagramBytes);
  let sentCount = 0;
  let creditedCount = 0;
  let isWaiting = false;
  let lastCreditMs = performance.now();

  const pump = (): void => {
    isWaiting = false;
    for (let step = 0; step < BATCH_DATAGRAMS; step++) {
      if (sentCount === count) return;
      if (sentCount - creditedCount >= window) {
        isWaiting = true;
        return;
      }
      buffer.writeUInt32BE(sentCount++);
      socket.send(buffer);
    }
    setImmediate(pump);
  };
  socket.on('message', (answer) => {
    creditedCount = Math.max(creditedCount, answer.readUInt32BE(0));
    lastCreditMs = performance.now();
    if (isWaiting) pump();
  });
  const rescue = setInterval(() => {
    if (performance.now() - lastCreditMs < STUCK_MS) return;
    if (sentCount === count) socket.send(buffer);
    creditedCount = sentCount;
    if (isWaiting) pump();
  }, STUCK_MS);
  socket.connect(port, '127.0.0.1', pump);
  return () => {
    clearInterval(rescue);
    socket.close();
  };
}
