import { constants } from 'node:crypto';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import {
  createServer as createTlsServer,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import { AddressBudget } from '../core/address-budget.ts';
import { ArrivalTable } from '../core/arrival-table.ts';
import { hostAndPort } from '../core/host-and-port.ts';
import { ALPN_PROTOCOL, TLS_VERSION } from '../core/protocol.ts';
import type { Clock } from './clock.ts';
import type { ServerKey } from './server-key.ts';
import { ServerStartError } from './server-start-error.ts';

/** From connecting to the end of the handshake. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Handshakes of one network at once, as when an office comes back, and in the long run. */
export const HANDSHAKE_BURST = 200;
/** Each takes half a millisecond of the thread that serves everybody. */
export const HANDSHAKES_PER_SEC = 50;
/** How long somebody who was told to go may take to read that. */
const LINGER_MS = 2_000;
/** RFC 8446 §5.1: the first byte of a handshake. */
const HANDSHAKE_RECORD = 22;
const FOR_PLAIN_CLIENTS = 'This port takes TLS 1.3 only. Connect with: upd client\n';

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly key: ServerKey;
  readonly clock: Clock;
  /** Somebody whose handshake is done; `address` as logs and other users see it. */
  readonly onSocket: (socket: Socket, address: string) => void;
  /** Somebody was turned away before they could say anything; `event` is for the log. */
  readonly onTurnedAway: (event: string, address: string) => void;
}

/** A port on which clients arrive. */
export interface Listener {
  /** The port in use: the one asked for, or the one that was free when 0 was. */
  readonly port: number;
  /** Takes no more clients. Those that are here stay. */
  close(): void;
}

/** Opens the chat's port. Rejects with a `ServerStartError`. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const listener = new TlsListener(options);
  await listener.open();
  return listener;
}

/** One connection before its handshake is done. */
interface Arrival {
  readonly socket: Socket;
  readonly address: string;
  /** Its address and port, which a closed socket forgets. */
  readonly remoteEnd: string;
  /** Ends the wait for what it says, or for its turn. */
  cancel: () => void;
}

/**
 * The only place that knows what kind of socket clients come through: what it hands on is a stream
 * of bytes with a remote address.
 *
 * TLS begins with the first byte that looks like it: until then a connection costs a descriptor.
 * Their number is bounded, each has a time limit, and a network that makes many handshakes waits,
 * so that idle and busy strangers delay nobody else.
 */
class TlsListener implements Listener {
  readonly #options: ListenerOptions;
  readonly #tcp: Server;
  readonly #tls: TlsServer;
  readonly #arrivals: ArrivalTable<Arrival> = new ArrivalTable();
  /** Whose handshake runs, by the remote end: a TLS socket does not tell which socket it is on. */
  readonly #byRemoteEnd: Map<string, Arrival> = new Map();
  readonly #handshakes: AddressBudget = new AddressBudget(HANDSHAKE_BURST, HANDSHAKES_PER_SEC);

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { pem } = options.key;
    this.#tcp = createTcpServer({ noDelay: true }, (socket) => {
      this.#receive(socket);
    });
    this.#tls = createTlsServer({
      key: pem,
      cert: pem,
      minVersion: TLS_VERSION,
      maxVersion: TLS_VERSION,
      ALPNProtocols: [ALPN_PROTOCOL],
      // No session is resumed: on a resumed one Node shows the client no key to compare.
      secureOptions: constants.SSL_OP_NO_TICKET,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    this.#tls.on('secureConnection', (socket) => {
      this.#welcome(socket);
    });
    this.#tls.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const arrival = this.#byRemoteEnd.get(remoteEndOf(socket));
      // Who only goes away is not worth a line.
      if (!arrival || error.code?.startsWith('ERR_SSL') !== true) return;
      this.#options.onTurnedAway('refused: no handshake of TLS 1.3', arrival.address);
      arrival.socket.destroy();
    });
  }

  get port(): number {
    return (this.#tcp.address() as AddressInfo).port;
  }

  open(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#tcp.once('error', (error: NodeJS.ErrnoException) => {
        const isInUse = error.code === 'EADDRINUSE';
        const reason = isInUse ? 'the port is already in use' : error.message;
        const message = `cannot listen on ${hostAndPort(host, port)}: ${reason}`;
        reject(new ServerStartError('listen', message, { cause: error }));
      });
      this.#tcp.listen({ host, port, backlog: 1024 }, () => {
        this.#tcp.removeAllListeners('error');
        // Accepting may fail for a moment (no descriptor left); the next connection may work.
        this.#tcp.on('error', () => undefined);
        resolve();
      });
    });
  }

  close(): void {
    this.#tcp.close();
    for (const { socket } of this.#arrivals.all()) socket.destroy();
  }

  #receive(socket: Socket): void {
    socket.on('error', () => undefined); // 'close' follows
    const address = peerAddressOf(socket);
    if (address === undefined) {
      socket.destroy(); // it has gone already
      return;
    }
    const { clock } = this.#options;
    const cancelDeadline = clock.after(HANDSHAKE_TIMEOUT_MS, () => {
      socket.destroy();
    });
    const remoteEnd = remoteEndOf(socket);
    const arrival: Arrival = { socket, address, remoteEnd, cancel: cancelDeadline };
    this.#arrivals.add(arrival)?.socket.destroy();
    socket.once('close', () => {
      this.#leave(arrival);
    });
    socket.once('data', (chunk: Buffer) => {
      socket.pause();
      if (chunk[0] !== HANDSHAKE_RECORD) {
        this.#turnAway(arrival);
        return;
      }
      socket.unshift(chunk);
      const waitMs = this.#handshakes.takeMs(address, clock.monotonicMs());
      if (waitMs === 0) {
        this.#startHandshake(arrival);
        return;
      }
      const cancelWait = clock.after(waitMs, () => {
        this.#startHandshake(arrival);
      });
      arrival.cancel = () => {
        cancelDeadline();
        cancelWait();
      };
    });
  }

  #startHandshake(arrival: Arrival): void {
    this.#byRemoteEnd.set(arrival.remoteEnd, arrival);
    this.#tls.emit('connection', arrival.socket);
  }

  /** To somebody who speaks no TLS: the reason in words, since whoever reads it sees plain text. */
  #turnAway({ socket, address }: Arrival): void {
    this.#options.onTurnedAway('refused: no TLS', address);
    socket.end(FOR_PLAIN_CLIENTS);
    socket.resume(); // unread bytes would turn the end into a reset, and the line be lost
    const cancelLinger = this.#options.clock.after(LINGER_MS, () => {
      socket.destroy();
    });
    socket.once('close', cancelLinger);
  }

  #welcome(socket: TLSSocket): void {
    const arrival = this.#byRemoteEnd.get(remoteEndOf(socket));
    if (!arrival || !this.#leave(arrival)) {
      socket.destroy(); // evicted meanwhile
      return;
    }
    if (socket.alpnProtocol !== ALPN_PROTOCOL) {
      this.#options.onTurnedAway('refused: a TLS client of another protocol', arrival.address);
      socket.destroy();
      return;
    }
    this.#options.onSocket(socket, arrival.address);
  }

  /** It is here no longer, or has become a client; false when that was known. */
  #leave(arrival: Arrival): boolean {
    arrival.cancel();
    const { remoteEnd } = arrival;
    if (this.#byRemoteEnd.get(remoteEnd) === arrival) this.#byRemoteEnd.delete(remoteEnd);
    return this.#arrivals.remove(arrival);
  }
}

function remoteEndOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0}`;
}

/** As the server sees it; an IPv4 address that came through an IPv6 socket is written as IPv4. */
function peerAddressOf(socket: Socket): string | undefined {
  return socket.remoteAddress?.replace(/^::ffff:(?=[0-9.]+$)/i, '');
}
