/**
 * One side of an MTU test, as a process: `receive HOST` prints its port and takes one stream;
 * `send HOST BYTES TO_HOST TO_PORT` sends it and prints an `MtuOutcome` as JSON.
 */
import { readFileSync } from 'node:fs';
import { plainIntroduction, type TransportConnection } from '../../src/transfer/core/index.ts';
import { SocketEngine } from '../../src/transfer/io/udp/socket-engine.ts';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';

export interface MtuOutcome {
  /** UDP payload that the path is taken to carry. */
  readonly datagramBytes: number;
  readonly acknowledgedBytes: number;
  /** IP fragments that this side's kernel has made. */
  readonly fragmentCount: number;
  readonly packetsLostCount: number;
}

const introduction = plainIntroduction('0123456789abcdef');
const config = { controller: 'cubic', datagramBytes: 1200, idleTimeoutUs: 20_000_000 } as const;
const chunk = new Uint8Array(65_536).fill(0x5a);
const quiet = {
  onReadable: (): void => undefined,
  onWritable: (): void => undefined,
  onStalled: (): void => undefined,
  onResumed: (): void => undefined,
};

const [role, host = '', ...rest] = process.argv.slice(2);
if (role === 'receive') await receive();
else await send(Number(rest[0]), { address: rest[1] ?? '', port: Number(rest[2]) });

async function receive(): Promise<void> {
  const port = await UdpPort.bind({ host, port: 0 });
  const engine = new SocketEngine({
    port,
    config,
    onIncoming: (connection) => {
      connection.raiseCredit();
      return {
        ...quiet,
        onReadable: () => {
          connection.consume(connection.readableBytes);
          engine.wake();
        },
        onClosed: () => void engine.close(),
      };
    },
    onTurn: () => undefined,
  });
  engine.expect(introduction);
  console.log(port.address.port);
}

async function send(bytes: number, to: { address: string; port: number }): Promise<void> {
  const port = await UdpPort.bindFree({ host });
  let connection: TransportConnection | undefined;
  let writtenBytes = 0;
  const write = (): void => {
    while (connection !== undefined && writtenBytes < bytes) {
      const room = Math.min(connection.writeRoomBytes, bytes - writtenBytes);
      if (room === 0) break;
      const part = chunk.subarray(0, room);
      connection.write(part);
      writtenBytes += part.length;
    }
    engine.wake();
  };
  let isOver = false;
  const end = (): void => {
    if (connection === undefined || isOver) return;
    if (connection.acknowledgedBytes < bytes && !connection.isClosed) return;
    isOver = true;
    const { datagramBytes, packetsLostCount } = connection.stats;
    const { acknowledgedBytes } = connection;
    const outcome = {
      datagramBytes,
      acknowledgedBytes,
      fragmentCount: fragmentCount(),
      packetsLostCount,
    };
    console.log(JSON.stringify(outcome satisfies MtuOutcome));
    connection.close(0, 'over');
    engine.wake();
    setTimeout(() => void engine.close(), 100);
  };
  const engine = new SocketEngine({ port, config, onIncoming: () => undefined, onTurn: end });
  engine.open(introduction, [to], {
    ...quiet,
    onOpened: (opened) => {
      connection = opened;
      write();
    },
    onWritable: write,
    onClosed: end,
  });
}

/** Of this network namespace, from the kernel's counters. */
function fragmentCount(): number {
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8').split('\n');
  return Number(values.split(' ')[names.split(' ').indexOf('FragCreates')]);
}
