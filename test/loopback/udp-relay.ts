import dgram from 'node:dgram';
import { once } from 'node:events';

/** Asked for; a relay that loses much would be a bad link. */
const BUFFER_BYTES = 4_194_304;

export type Towards = 'listener' | 'opener';

export interface UdpRelayOptions {
  /** Where the opener is told that its peer is; another loopback address has the same ports free. */
  readonly host?: string;
  /** 0 (default) takes a free one. */
  readonly port?: number;
  /** Port on 127.0.0.1 of the endpoint that is opened to. */
  readonly listenerPort: number;
  /** Larger datagrams vanish, as behind many a tunnel. Default: none do. */
  readonly maxDatagramBytes?: number;
  /** Each datagram is held for so long; default 0. */
  readonly delayMs?: number;
  /** Called behind each datagram that was passed on, in the order they came. */
  readonly onPassed: (datagram: Buffer, towards: Towards) => void;
}

/**
 * A man in the middle between two real endpoints: each takes the relay for its peer, so whoever runs it
 * has every datagram and sends with either's address. By itself it changes and drops nothing.
 */
export class UdpRelay {
  readonly #options: UdpRelayOptions;
  /** Heard by the opener, and by the listener. */
  readonly #front: dgram.Socket;
  #back: dgram.Socket;
  #openerPort: number | undefined;
  /** All that comes vanishes, both ways. */
  isDown = false;
  #isClosed = false;

  private constructor(options: UdpRelayOptions, front: dgram.Socket, back: dgram.Socket) {
    this.#options = options;
    this.#front = front;
    this.#back = back;
    front.on('message', (datagram, { port }) => {
      this.#openerPort = port;
      this.#pass(datagram, 'listener');
    });
    this.#listenBehind();
  }

  static async open(options: UdpRelayOptions): Promise<UdpRelay> {
    const { host = '127.0.0.1', port = 0 } = options;
    return new UdpRelay(options, await bound(host, port), await bound('127.0.0.1', 0));
  }

  get port(): number {
    return this.#front.address().port;
  }

  /** From here on the listener hears the opener from another port, as behind a router that has forgotten it. */
  async moveOpener(): Promise<void> {
    const old = this.#back;
    this.#back = await bound('127.0.0.1', 0);
    this.#listenBehind();
    await new Promise<void>((done) => old.close(done));
  }

  #listenBehind(): void {
    this.#back.on('message', (datagram) => {
      this.#pass(datagram, 'opener');
    });
  }

  /** From where the opener spoke last. */
  get openerPort(): number | undefined {
    return this.#openerPort;
  }

  /** Sends as if the other side had. */
  inject(datagram: Uint8Array, towards: Towards): void {
    if (this.#isClosed) return;
    if (towards === 'listener') {
      this.#back.send(datagram, this.#options.listenerPort, '127.0.0.1');
    } else if (this.#openerPort !== undefined) {
      this.#front.send(datagram, this.#openerPort, '127.0.0.1');
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const sockets = [this.#front, this.#back];
    await Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.close(done))));
  }

  #pass(datagram: Buffer, towards: Towards): void {
    const { maxDatagramBytes = Infinity, delayMs = 0, onPassed } = this.#options;
    if (this.isDown || datagram.length > maxDatagramBytes) return;
    const pass = (): void => {
      this.inject(datagram, towards);
      onPassed(datagram, towards);
    };
    if (delayMs === 0) pass();
    else setTimeout(pass, delayMs);
  }
}

async function bound(host: string, port: number): Promise<dgram.Socket> {
  const socket = dgram.createSocket({
    type: 'udp4',
    recvBufferSize: BUFFER_BYTES,
    sendBufferSize: BUFFER_BYTES,
  });
  // What a send is told of a peer that has gone is no fault of the relay.
  socket.on('error', () => undefined);
  socket.bind(port, host);
  await once(socket, 'listening');
  return socket;
}
