import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { ALPN_PROTOCOL, type ServerFrame } from '../../src/chat/core/protocol.ts';
import { FrameDecoder } from '../../src/chat/io/frame-decoder.ts';

type Type = ServerFrame['type'];
export type FrameOf<T extends Type> = Extract<ServerFrame, { type: T }>;

/** Of every raw client. */
export const PUBLIC_KEY: string = '5a'.repeat(32);

/** A client that does exactly what a test says: its frames are whatever objects it is given. */
export class RawClient {
  readonly socket: TLSSocket;
  /** What TLS runs on. */
  readonly tcp: Socket;
  /** Frames that came and were not asked for yet. */
  readonly inbox: ServerFrame[] = [];
  readonly closed: Promise<void>;
  /** Answer heartbeats. */
  answersPings = true;
  #request = 0;
  #isClosed = false;
  readonly #waiting: (() => void)[] = [];
  readonly #decoder = new FrameDecoder();

  private constructor(socket: TLSSocket, tcp: Socket) {
    this.socket = socket;
    this.tcp = tcp;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.#decoder.push(chunk);
      for (;;) {
        const decoded = this.#decoder.next(65_536);
        if (decoded.state !== 'line') break;
        const frame = decoded.value as ServerFrame;
        if (frame.type === 'ping' && this.answersPings) this.send({ type: 'pong', body: {} });
        this.inbox.push(frame);
      }
      this.#wake();
    });
  }

  static async connect(port: number, localAddress = '127.0.0.1'): Promise<RawClient> {
    const tcp = connectTcp({ port, host: '127.0.0.1', localAddress });
    const trust = { rejectUnauthorized: false, ALPNProtocols: [ALPN_PROTOCOL] };
    const socket = connect({ socket: tcp, ...trust });
    const client = new RawClient(socket, tcp);
    await once(socket, 'secureConnect');
    return client;
  }

  send(frame: object): void {
    this.socket.write(`${JSON.stringify(frame)}\n`);
  }

  /** Sends a request with the next number and gives its answer. */
  async ask(type: string, body: object = {}): Promise<ServerFrame> {
    const request = this.post(type, body);
    return this.until(({ body }) => 'request' in body && body.request === request);
  }

  /** Sends a request without waiting; gives its number. */
  post(type: string, body: object = {}): number {
    this.#request += 1;
    this.send({ type, body: { request: this.#request, ...body } });
    return this.#request;
  }

  login(
    user: string,
    password: string,
    udpPort = 6000,
    publicKey: string = PUBLIC_KEY,
  ): Promise<ServerFrame> {
    return this.ask('login', { user, password, udpPort, publicKey });
  }

  /** The first frame that matches, taken out of the inbox; rejects when the connection has ended. */
  async until(matches: (frame: ServerFrame) => boolean): Promise<ServerFrame> {
    for (;;) {
      const at = this.inbox.findIndex(matches);
      if (at >= 0) return this.inbox.splice(at, 1)[0]!;
      if (this.#isClosed) throw new Error('the connection ended before the frame came');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async next<T extends Type>(type: T): Promise<FrameOf<T>> {
    return (await this.until((frame) => frame.type === type)) as FrameOf<T>;
  }
}
