import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { PeerAddress } from '../core/index.ts';

/** Asked of the kernel; what it grants is read back (DESIGN §6). */
export const WANTED_RECEIVE_BUFFER_BYTES = 4_194_304;
export const WANTED_SEND_BUFFER_BYTES = 1_048_576;
/** Tries to get a free port by number. */
const MAX_PORT_TRIES = 8;
/** How often a full send queue is looked at again. */
const QUEUE_POLL_MS = 1;

export type CreateSocket = (options: dgram.SocketOptions) => dgram.Socket;

export interface UdpPortOptions {
  /** IPv4 or IPv6 literal. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly createSocket?: CreateSocket;
}

/** Names that reach `send` are addresses already: no resolver, and no turn of the loop spent on it. */
function identityLookup(
  hostname: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, hostname, isIPv6(hostname) ? 6 : 4);
}

/**
 * One bound UDP socket: exclusive, with the largest buffers that the kernel grants, and with the
 * rule that keeps datagrams whole.
 *
 * A send without a callback hands libuv the pointer. While the kernel takes it at once that is over
 * when `send` returns; when it does not, libuv queues the pointer, and a buffer that is filled again
 * changes a datagram that has not left. `isBlocked` says so; then nothing may be sent and no buffer
 * touched until `onUnblocked`.
 */
export class UdpPort {
  readonly #socket: dgram.Socket;
  readonly #address: PeerAddress;
  #peer: PeerAddress | undefined;
  #isConnecting = false;
  #isClosed = false;
  #lastFrom: PeerAddress = { address: '', port: 0 };
  #queueTimer: NodeJS.Timeout | undefined;
  /** Errors of the network: hints, never an end. */
  onHint: (error: Error) => void = () => undefined;
  onUnblocked: () => void = () => undefined;

  private constructor(socket: dgram.Socket) {
    this.#socket = socket;
    const { address, port } = socket.address();
    this.#address = { address, port };
    socket.on('error', (error) => {
      this.onHint(error);
    });
  }

  /** Rejects with the system's error when the port cannot be bound. */
  static async bind(options: UdpPortOptions): Promise<UdpPort> {
    const { host, port, createSocket = dgram.createSocket } = options;
    const socket = createSocket({
      type: isIPv6(host) ? 'udp6' : 'udp4',
      recvBufferSize: WANTED_RECEIVE_BUFFER_BYTES,
      sendBufferSize: WANTED_SEND_BUFFER_BYTES,
      lookup: identityLookup,
    });
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', fail);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', fail);
        resolve();
      });
    });
    return new UdpPort(socket);
  }

  /**
   * A free port that is bound by its number: a port that the kernel chose is given back by
   * `disconnect`, one that was asked for stays.
   */
  static async bindFree(options: Omit<UdpPortOptions, 'port'>): Promise<UdpPort> {
    for (let tries = 1; ; tries++) {
      const scout = await UdpPort.bind({ host: options.host, port: 0 });
      const { port } = scout.address;
      await scout.close();
      try {
        return await UdpPort.bind({ ...options, port });
      } catch (error) {
        if (tries === MAX_PORT_TRIES) throw error;
      }
    }
  }

  get address(): PeerAddress {
    return this.#address;
  }

  /** Whom alone this port sends to and hears, once connected. */
  get peer(): PeerAddress | undefined {
    return this.#peer;
  }

  get receiveBufferBytes(): number {
    return this.#socket.getRecvBufferSize();
  }

  get sendBufferBytes(): number {
    return this.#socket.getSendBufferSize();
  }

  /** libuv holds a pointer into a buffer that was sent, or the socket is between two states. */
  get isBlocked(): boolean {
    return this.#isConnecting || this.#socket.getSendQueueCount() > 0;
  }

  onDatagram(listener: (datagram: Uint8Array, from: PeerAddress) => void): void {
    this.#socket.on('message', (datagram, { address, port }) => {
      if (port !== this.#lastFrom.port || address !== this.#lastFrom.address) {
        this.#lastFrom = { address, port };
      }
      listener(datagram, this.#lastFrom);
    });
  }

  /**
   * Sends `datagram` at once or drops it: to whom a connected port does not speak, and what the
   * system refuses, is lost like any datagram. With `report` an error comes as a hint.
   */
  send(datagram: Uint8Array, to: PeerAddress, report: boolean): void {
    if (this.#isClosed) return;
    assert(!this.#isConnecting, 'a blocked port sends nothing');
    const peer = this.#peer;
    const callback = report ? this.#reportError : undefined;
    try {
      if (peer === undefined) this.#socket.send(datagram, to.port, to.address, callback);
      else if (peer.port === to.port && peer.address === to.address) {
        this.#socket.send(datagram, callback);
      }
    } catch (error) {
      this.onHint(error as Error);
    }
  }

  readonly #reportError = (error: Error | null): void => {
    if (error !== null) this.onHint(error);
  };

  /** Calls `onUnblocked` once nothing is queued any more. */
  awaitUnblocked(): void {
    if (this.#queueTimer !== undefined || this.#isClosed) return;
    this.#queueTimer = setTimeout(() => {
      this.#queueTimer = undefined;
      if (this.#isClosed) return;
      if (this.isBlocked) this.awaitUnblocked();
      else this.onUnblocked();
    }, QUEUE_POLL_MS);
  }

  /** From now on only to and from `peer`: the fast path, and errors of the network are told. */
  async connect(peer: PeerAddress): Promise<void> {
    assert(this.#peer === undefined && !this.#isConnecting, 'a port is connected once at a time');
    this.#isConnecting = true;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#socket.connect(peer.port, peer.address, (error?: Error | null) => {
          if (error) reject(error);
          else resolve();
        });
      });
      this.#peer = peer;
    } catch (error) {
      this.onHint(error as Error);
    } finally {
      this.#isConnecting = false;
      if (!this.#isClosed) this.onUnblocked();
    }
  }

  disconnect(): void {
    if (this.#peer === undefined || this.#isClosed) return;
    this.#peer = undefined;
    this.#socket.disconnect();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#queueTimer);
    await new Promise<void>((resolve) => {
      this.#socket.close(() => {
        resolve();
      });
    });
  }
}

/**
 * What to tell a person whose kernel granted less than was asked: a sender paces around it, but a
 * busy receiver loses less with more. Undefined when there is nothing to say.
 */
export function receiveBufferAdvice(grantedBytes: number): string | undefined {
  if (grantedBytes >= WANTED_RECEIVE_BUFFER_BYTES) return undefined;
  return (
    `the kernel granted ${grantedBytes} bytes of receive buffer; ` +
    `sysctl -w net.core.rmem_max=${WANTED_RECEIVE_BUFFER_BYTES} would allow more`
  );
}
