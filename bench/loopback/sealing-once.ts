/**
 * One stream of records from one process to another over loopback, with or without keys:
 * `sealing-once.ts sealed|plain [MiB] [datagram bytes] [controller] [window]` prints a `SealingRate`. Records, core and driver
 * as they ship, a thread each side; no disk and no hash of files, beside which sealing would count less.
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  Endpoint,
  plainIntroduction,
  type TransportConnection,
  type TransportEvent,
  type TransportIntroduction,
} from '../../src/transfer/core/index.ts';
import { monotonicNowUs } from '../../src/transfer/io/clock.ts';
import { FineTimers } from '../../src/transfer/io/udp/fine-timers.ts';
import { TransportDriver } from '../../src/transfer/io/udp/transport-driver.ts';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';
import { X25519KeyPair } from '../../src/transfer/secure/noise/x25519.ts';
import { RecordReader } from '../../src/transfer/secure/record-reader.ts';
import { RecordWriter } from '../../src/transfer/secure/record-writer.ts';
import { sealedIntroduction } from '../../src/transfer/secure/sealed-introduction.ts';
import { recordsOf } from '../../src/transfer/secure/sealed-session.ts';
import { TAG_BYTES } from '../../src/transfer/secure/tag/tag-hash.ts';
import { cpuUs, isMainProcess, startCpu } from './process-pair.ts';

/** What a run prints. */
export interface SealingRate {
  /** 10^6 bytes of records' bodies a second, from the opened connection to the last one read. */
  readonly mbPerSec: number;
  /** User and system, whole processes, from the opened connection on. */
  readonly sendCpuSecPerGiB: number;
  readonly receiveCpuSecPerGiB: number;
  readonly packetsLostCount: number;
}

/** What the receiving process tells. */
type FromReceiver =
  { readonly port: number } | { readonly elapsedMs: number; readonly cpuUs: number };

const [kind = 'sealed', mebibytes = '256', datagramBytes = '1400', controller = 'bbr', window] =
  process.argv.slice(2);
const isSealed = kind === 'sealed';
const totalBytes = Number(mebibytes) * 2 ** 20;
const CONTENT = 1;
const keyId = '0123456789abcdef';

if (isMainProcess()) await send();
else await receive();

function keyOf(side: number): X25519KeyPair {
  return X25519KeyPair.fromPrivate(new Uint8Array(32).fill(side));
}

function introduction(own: number, peer: number): TransportIntroduction {
  if (!isSealed) return plainIntroduction(keyId);
  const secret = new Uint8Array(32);
  return sealedIntroduction({ keyId, secret, ownKey: keyOf(own), peerKey: keyOf(peer).publicKey });
}

interface Side {
  readonly endpoint: Endpoint;
  readonly driver: TransportDriver;
}

function serve(port: UdpPort, onEvent: (event: TransportEvent) => void): Side {
  const timers = new FineTimers();
  const endpoint = new Endpoint({
    random: () => randomBytes(4).readUInt32BE() / 2 ** 32,
    controller: controller as 'bbr',
    ...(window === undefined ? {} : { windowPackets: Number(window) }),
    datagramBytes: Number(datagramBytes),
    receiveBufferBytes: port.receiveBufferBytes,
    tagBytes: isSealed ? TAG_BYTES : 0,
  });
  const driver = new TransportDriver({
    port,
    transport: endpoint,
    maxDatagramBytes: Number(datagramBytes),
    onEvent,
    nowUs: monotonicNowUs,
    fineTimers: timers.isFine() ? timers : undefined,
    sleepUntilUs: () => endpoint.sleepUntilUs,
  });
  return { endpoint, driver };
}

async function receive(): Promise<void> {
  const port = await UdpPort.bind({ host: '127.0.0.1', port: 0 });
  let reader: RecordReader | undefined;
  let startMs = 0;
  let readBytes = 0;
  const tell = (message: FromReceiver): void => void process.send!(message);
  const read = (connection: TransportConnection): void => {
    let verdict: string;
    do verdict = reader!.read((_type, body) => (readBytes += body.length));
    while (verdict === 'record');
    if (verdict !== 'none') throw new Error(verdict);
    if (readBytes < totalBytes || connection.isClosed) return;
    tell({ elapsedMs: performance.now() - startMs, cpuUs: cpuUs() });
    connection.close(0, '');
  };
  const { endpoint, driver } = serve(port, (event) => {
    if (event.type === 'opened') {
      reader = new RecordReader(event.connection, recordsOf(event.connection.session));
      event.connection.raiseCredit();
      startMs = performance.now();
      startCpu();
    } else if (event.type === 'readable') read(event.connection);
  });
  driver.command((nowUs) => endpoint.expect(introduction(2, 1), nowUs));
  process.on('disconnect', () => void driver.close());
  tell({ port: port.address.port });
}

async function send(): Promise<void> {
  const receiver = fork(import.meta.filename, process.argv.slice(2), {
    env: { ...process.env, UPDRAFT_BENCH_ROLE: 'receive' },
  });
  const hear = (): Promise<FromReceiver> =>
    new Promise((resolve, reject) => {
      receiver.once('message', resolve);
      receiver.once('exit', () => {
        reject(new Error('the receiver ended without a result'));
      });
    });
  const ready = (await hear()) as { port: number };
  const heard = hear();
  const to = { address: '127.0.0.1', port: ready.port };
  const port = await UdpPort.bindFree({ host: '127.0.0.1' });
  const body = randomBytes(65_536);
  let writer: RecordWriter | undefined;
  let connection: TransportConnection | undefined;
  let leftBytes = totalBytes;
  const write = (): void => {
    while (leftBytes > 0 && connection!.writeRoomBytes > 0) {
      const part = Math.min(leftBytes, writer!.bodyLimitBytes);
      writer!.write(CONTENT, body.subarray(0, part));
      leftBytes -= part;
    }
    if (leftBytes === 0) connection!.flush();
  };
  const { endpoint, driver } = serve(port, (event) => {
    if (event.type === 'opened') {
      ({ connection } = event);
      port.connect(to);
      writer = new RecordWriter(connection, recordsOf(connection.session));
      startCpu();
      write();
    } else if (event.type === 'writable') write();
    else if (event.type === 'unopened') throw new Error(event.reason.reason);
  });
  driver.command((nowUs) => endpoint.open(introduction(1, 2), [to], nowUs));
  const result = (await heard) as { elapsedMs: number; cpuUs: number };
  const perGiB = 2 ** 30 / totalBytes / 1e6;
  const rate: SealingRate = {
    mbPerSec: totalBytes / result.elapsedMs / 1000,
    sendCpuSecPerGiB: cpuUs() * perGiB,
    receiveCpuSecPerGiB: result.cpuUs * perGiB,
    packetsLostCount: connection!.stats.packetsLostCount,
  };
  console.log(JSON.stringify(rate));
  receiver.disconnect();
  await driver.close();
}
