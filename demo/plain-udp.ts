import { createHash } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { BAD_LINK, MisbehavingNetwork } from './misbehaving-socket.ts';

/** What the replaced program did: datagrams out, whatever comes is appended, silence is the end. */
const DATAGRAM_BYTES = 1_200;
const BURST_DATAGRAMS = 40;
const SILENCE_MS = 400;

export interface PlainUdpResult {
  readonly sentCount: number;
  readonly arrivedCount: number;
  /** Datagrams whose bytes stand, unharmed, where they belong in what was stored. */
  readonly inPlaceCount: number;
  readonly isIntact: boolean;
}

/** Sends `content` through the demo's link without sequence numbers, checks or repetition. */
export async function sendPlainly(content: Buffer, seed: number): Promise<PlainUdpResult> {
  const receiver = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const sender = new MisbehavingNetwork({ ...BAD_LINK, seed }).createSocket({ type: 'udp4' });
  sender.bind(0, '127.0.0.1');
  await once(sender, 'listening');

  const stored: Buffer[] = [];
  let lastAtMs = performance.now();
  receiver.on('message', (datagram) => {
    stored.push(datagram);
    lastAtMs = performance.now();
  });
  const { port } = receiver.address();
  const sentCount = Math.ceil(content.length / DATAGRAM_BYTES);
  for (let index = 0; index < sentCount; index++) {
    const start = index * DATAGRAM_BYTES;
    sender.send(content.subarray(start, start + DATAGRAM_BYTES), port, '127.0.0.1');
    if (index % BURST_DATAGRAMS === BURST_DATAGRAMS - 1) await sleep(1);
  }
  lastAtMs = performance.now();
  while (performance.now() - lastAtMs < SILENCE_MS) await sleep(50);
  sender.close();
  receiver.close();
  return compare(content, stored, sentCount);
}

function compare(content: Buffer, stored: readonly Buffer[], sentCount: number): PlainUdpResult {
  let inPlaceCount = 0;
  let offset = 0;
  for (const datagram of stored) {
    if (content.subarray(offset, offset + datagram.length).equals(datagram)) inPlaceCount++;
    offset += datagram.length;
  }
  const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
  const isIntact = sha256(Buffer.concat(stored)) === sha256(content);
  return { sentCount, arrivedCount: stored.length, inPlaceCount, isIntact };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
