import dgram from 'node:dgram';
import { randomBytes } from 'node:crypto';
import {
  type CloseReason,
  type PacketSession,
  type TransportConnection,
} from '../../src/transfer/core/index.ts';
import {
  decodeFailure,
  type FailureMessage,
  MessageType,
} from '../../src/transfer/files/records/message.ts';
import type { Introduction, TransferEndpoint } from '../../src/transfer/index.ts';
import { transportIntroduction } from '../../src/transfer/io/ticket/introductions.ts';
import { type ConnectionUser, SocketEngine } from '../../src/transfer/io/udp/socket-engine.ts';
import { UdpPort } from '../../src/transfer/io/udp/udp-port.ts';
import { X25519KeyPair } from '../../src/transfer/secure/noise/x25519.ts';
import { RecordReader } from '../../src/transfer/secure/record-reader.ts';
import { RecordWriter } from '../../src/transfer/secure/record-writer.ts';
import { recordsOf } from '../../src/transfer/secure/sealed-session.ts';
import { TAG_BYTES } from '../../src/transfer/secure/tag/tag-hash.ts';

/** What the receiver made of it. */
export interface Verdict {
  readonly isAccepted: boolean;
  /** REJECT, FAIL or DONE, or how it closed the connection instead. */
  readonly end: 'done' | FailureMessage | CloseReason;
}

/** Changes a datagram before it leaves, in place; true when it did, and the tag is to be made anew. */
export type Lie = (datagram: Uint8Array) => boolean;

export interface LyingOptions {
  /** Says what it likes, when its turn comes; again whenever it may write more. */
  readonly speak: (writer: RecordWriter, connection: TransportConnection) => void;
  /** What packets of an open connection say instead. */
  readonly lie?: Lie;
}

/**
 * Somebody whom the receiver was introduced to, with all keys, who says what it likes: any records, and
 * any packets.
 */
export async function lie(
  receiver: TransferEndpoint,
  { speak, lie = () => false }: LyingOptions,
): Promise<Verdict> {
  const key = X25519KeyPair.generate();
  const introduced = {
    keyId: randomBytes(8).toString('hex'),
    secret: randomBytes(32).toString('hex'),
  };
  const own: Introduction = { ...introduced, peerKey: receiver.publicKey };
  receiver.expect(
    { ...introduced, peerKey: Buffer.from(key.publicKey).toString('hex') },
    'mallory',
  );
  let user: LyingUser | undefined;
  const port = await UdpPort.bindFree({
    host: '127.0.0.1',
    createSocket: (options) =>
      lyingSocket(options, (datagram) => {
        const session = user?.session;
        if (session === undefined || !lie(datagram)) return;
        // Numbers begin under 2^32 and are few: their high part is 0.
        session.check.write(datagram, datagram.length, 0);
      }),
  });
  const engine = new SocketEngine({
    port,
    config: { controller: 'cubic', tagBytes: TAG_BYTES, idleTimeoutUs: 20_000_000 },
    onIncoming: () => undefined,
    onTurn: () => undefined,
  });
  try {
    return await new Promise<Verdict>((resolve) => {
      user = new LyingUser(
        speak,
        () => {
          engine.wake();
        },
        resolve,
      );
      engine.open(transportIntroduction(own, key)!, [receiver.address], user);
    });
  } finally {
    await engine.close();
  }
}

class LyingUser implements ConnectionUser {
  session: PacketSession | undefined;
  readonly #speak: LyingOptions['speak'];
  readonly #wake: () => void;
  readonly #resolve: (verdict: Verdict) => void;
  #connection: TransportConnection | undefined;
  #writer: RecordWriter | undefined;
  #reader: RecordReader | undefined;
  #isAccepted = false;

  constructor(speak: LyingOptions['speak'], wake: () => void, resolve: (verdict: Verdict) => void) {
    this.#speak = speak;
    this.#wake = wake;
    this.#resolve = resolve;
  }

  onOpened(connection: TransportConnection): void {
    const cipher = recordsOf(connection.session);
    this.session = connection.session;
    this.#connection = connection;
    this.#writer = new RecordWriter(connection, cipher);
    this.#reader = new RecordReader(connection, cipher);
    this.onWritable();
  }

  onWritable(): void {
    this.#speak(this.#writer!, this.#connection!);
    this.#connection!.flush();
    this.#wake();
  }

  onReadable(): void {
    let verdict: string;
    do {
      verdict = this.#reader!.read((type, body) => {
        if (type === MessageType.accept) this.#isAccepted = true;
        else if (type === MessageType.done) this.#end('done');
        else if (type === MessageType.reject || type === MessageType.fail) {
          this.#end(decodeFailure(body)!);
        }
      });
    } while (verdict === 'record');
    this.#wake();
  }

  onStalled(): void {
    // It waits for its verdict.
  }

  onResumed(): void {
    // It waits for its verdict.
  }

  onClosed(reason: CloseReason): void {
    this.#end(reason);
  }

  #end(end: Verdict['end']): void {
    this.#resolve({ isAccepted: this.#isAccepted, end });
  }
}

function lyingSocket(options: dgram.SocketOptions, change: (datagram: Uint8Array) => void) {
  const socket = dgram.createSocket(options);
  const send = socket.send.bind(socket) as (...args: unknown[]) => void;
  socket.send = ((datagram: Uint8Array, ...rest: unknown[]) => {
    change(datagram);
    send(datagram, ...rest);
  }) as typeof socket.send;
  return socket;
}
