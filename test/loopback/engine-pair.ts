import { plainIntroduction, type TransportConnection } from '../../src/transfer/core/index.ts';
import { type ConnectionUser, SocketEngine } from '../../src/transfer/io/udp/socket-engine.ts';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';

const KEY_ID = '0123456789abcdef';
/** A prime, so that no buffer size divides it. */
const PATTERN_BYTES = 65_521;
const pattern = Uint8Array.from({ length: PATTERN_BYTES }, (_, index) => (index * 167) >> 3);

/** Where the opener and the listener stand, and how much the opener sends. */
export interface StreamOptions {
  readonly openerHost: string;
  readonly listenerHost: string;
  readonly bytes: number;
  /** Called once, when this many bytes were read. */
  readonly readAt?: { readonly bytes: number; readonly act: (stream: Stream) => void };
}

/** One stream over real sockets, from an opener's engine to a listener's, each byte checked. */
export interface Stream {
  readonly opener: SocketEngine;
  readonly listener: SocketEngine;
  /** Of the opener's side, and the listener's, once open. */
  sending: TransportConnection | undefined;
  receiving: TransportConnection | undefined;
  readBytes: number;
  /** Resolves when all was read; rejects when a byte is wrong or the connection ends before. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

export async function openStream(options: StreamOptions): Promise<Stream> {
  const config = { controller: 'cubic', datagramBytes: 1200, idleTimeoutUs: 60_000_000 } as const;
  const listeningPort = await UdpPort.bind({ host: options.listenerHost, port: 0 });
  const openingPort = await UdpPort.bindFree({ host: options.openerHost });
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  let hasActed = false;
  const onIncoming = (connection: TransportConnection): ConnectionUser => {
    stream.receiving = connection;
    connection.raiseCredit();
    stream.listener.wake();
    return {
      ...quiet,
      onReadable: () => {
        if (!readAll(stream, connection)) settle!.reject(new Error('a byte is wrong'));
        stream.listener.wake();
        const { readAt } = options;
        if (readAt !== undefined && !hasActed && stream.readBytes >= readAt.bytes) {
          hasActed = true;
          readAt.act(stream);
        }
        if (stream.readBytes === options.bytes) settle!.resolve();
      },
      onClosed: ({ reason }) => {
        settle!.reject(new Error(reason));
      },
    };
  };
  const onTurn = (): void => undefined;
  const stream: Stream = {
    listener: new SocketEngine({ port: listeningPort, config, onIncoming, onTurn }),
    opener: new SocketEngine({ port: openingPort, config, onIncoming: () => undefined, onTurn }),
    sending: undefined,
    receiving: undefined,
    readBytes: 0,
    done,
    close: async () => {
      await Promise.all([stream.opener.close(), stream.listener.close()]);
    },
  };
  const introduction = plainIntroduction(KEY_ID);
  stream.listener.expect(introduction);
  let writtenBytes = 0;
  const write = (): void => {
    const connection = stream.sending!;
    while (writtenBytes < options.bytes) {
      const room = Math.min(connection.writeRoomBytes, options.bytes - writtenBytes);
      if (room === 0) break;
      const at = writtenBytes % PATTERN_BYTES;
      const chunk = pattern.subarray(at, at + room);
      connection.write(chunk);
      writtenBytes += chunk.length;
    }
    stream.opener.wake();
  };
  stream.opener.open(introduction, [stream.listener.port.address], {
    ...quiet,
    onOpened: (connection) => {
      stream.sending = connection;
      write();
    },
    onWritable: write,
    onClosed: ({ reason }) => {
      settle!.reject(new Error(reason));
    },
  });
  return stream;
}

const quiet = {
  onReadable: (): void => undefined,
  onWritable: (): void => undefined,
  onStalled: (): void => undefined,
  onResumed: (): void => undefined,
};

/** False at the first byte that is not as it should be. */
function readAll(stream: Stream, connection: TransportConnection): boolean {
  for (let view = connection.peek(); view.length > 0; view = connection.peek()) {
    const at = stream.readBytes % PATTERN_BYTES;
    const expected = pattern.subarray(at, at + view.length);
    const bytes = view.subarray(0, expected.length);
    if (Buffer.compare(bytes, expected) !== 0) return false;
    connection.consume(bytes.length);
    stream.readBytes += bytes.length;
  }
  return true;
}
