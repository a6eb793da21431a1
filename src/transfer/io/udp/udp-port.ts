import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { PeerAddress } from '../../core/index.ts';
import { systemTimers, type Timers } from '../clock.ts';
import { askForBuffers } from './udp-buffers.ts';

/** Tries to get a free port by number: another process may take it in between. */
export const MAX_PORT_TRIES = 8;
/** How often a queue of sends that the kernel did not take is looked at again. */
const QUEUE_POLL_MS = 1;
/** Longest that `close` waits for that queue. */
export const MAX_CLOSE_WAIT_MS = 1_000;

export type CreateSocket = (options: dgram.SocketOptions) => dgram.Socket;

export interface UdpPortOptions {
  /** IPv4 or IPv6 literal; its family is the family of the socket. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Default: the system's sockets. */
  readonly createSocket?: CreateSocket;
  /** Default: the system's timers. */
  readonly timers?: Timers;
}

/** A UDP port that cannot be had. `code` is the system's, as `EADDRINUSE`. */
export class UdpBindError extends Error {
  override readonly name = 'UdpBindError';
  readonly code: string;
  /** Why, without which port. */
  readonly reason: string;

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const place = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
    const reason = bindReasons[cause.code ?? ''] ?? cause.message;
    super(`cannot use UDP port ${place}: ${reason}`, { cause });
    this.reason = reason;
    this.code = cause.code ?? 'UNKNOWN';
  }
}

const bindReasons: Partial<Record<string, string>> = {
  EADDRINUSE: 'it is already in use',
  EACCES: 'this user may not use it',
  EADDRNOTAVAIL: 'this machine does not have that address',
};

/** What reaches `send` and `connect` is an address already: no resolver is asked, no turn is lost. */
function identityLookup(
  address: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, address, isIPv6(address) ? 6 : 4);
}

/**
 * One bound UDP socket: exclusive, with the largest buffers that the kernel grants, and with the
 * rule that keeps datagrams whole.
 *
 * A send without a callback hands libuv a pointer. Normally the kernel copies the datagram before
 * `send` returns. When it does not take it (its send buffer is full), libuv queues the pointer, and
 * a buffer that is filled again changes a datagram that has not left. `isBlocked` says so; then
 * nothing may be sent and no buffer touched until `onUnblocked`.
 *
 * Two uses. The listening port stays unconnected: it hears everybody and answers each. An opener's
 * port is unconnected until it is known from which address the peer answers, then `connect`ed: sends
 * cost half, and errors of the network are told.
 */
export class UdpPort {
  readonly #socket: dgram.Socket;
  readonly #timers: Timers;
  readonly #address: PeerAddress;
  #peer: PeerAddress | undefined;
  #closing: Promise<void> | undefined;
  #lastFrom: PeerAddress = { address: '', port: 0 };
  #cancelQueuePoll: (() => void) | undefined;
  /** Errors of the network and of the system on the way there: hints, never an end. */
  onHint: (error: Error) => void = () => undefined;
  /** Called once after `awaitUnblocked`, when nothing is queued any more. */
  onUnblocked: () => void = () => undefined;

  private constructor(socket: dgram.Socket, timers: Timers) {
    this.#socket = socket;
    this.#timers = timers;
    const { address, port } = socket.address();
    this.#address = { address, port };
    socket.on('error', (error) => {
      this.onHint(error);
    });
  }

  /** Rejects with `UdpBindError`. */
  static async bind(options: UdpPortOptions): Promise<UdpPort> {
    const { host, port, createSocket = dgram.createSocket, timers = systemTimers } = options;
    const socket = createSocket({
      type: isIPv6(host) ? 'udp6' : 'udp4',
      lookup: identityLookup,
    });
    await new Promise<void>((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => {
        socket.close();
        reject(new UdpBindError(host, port, error));
      };
      socket.once('error', fail);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', fail);
        resolve();
      });
    });
    askForBuffers(socket);
    return new UdpPort(socket, timers);
  }

  /**
   * A free port that is bound by its number: a port that the kernel chose is given back by
   * `disconnect` (Linux), one that was asked for stays. Rejects with `UdpBindError`.
   */
  static async bindFree(options: Omit<UdpPortOptions, 'port'>): Promise<UdpPort> {
    for (let tries = 1; ; tries++) {
      const scout = await UdpPort.bind({ host: options.host, port: 0 });
      const { port } = scout.address;
      await scout.close();
      try {
        return await UdpPort.bind({ ...options, port });
      } catch (error) {
        const isTaken = error instanceof UdpBindError && error.code === 'EADDRINUSE';
        if (!isTaken || tries === MAX_PORT_TRIES) throw error;
      }
    }
  }

  /** What the socket is bound to. */
  get address(): PeerAddress {
    return this.#address;
  }

  /** Address of the interface that sends; a wildcard as long as the port is bound to one and unconnected. */
  get localAddress(): string {
    return this.#socket.address().address;
  }

  /** Whom alone this port sends to and hears, once connected. */
  get peer(): PeerAddress | undefined {
    return this.#peer;
  }

  /** As read back from the kernel. Linux counts each datagram with about 900 bytes beside its own. */
  get receiveBufferBytes(): number {
    return this.#socket.getRecvBufferSize();
  }

  get sendBufferBytes(): number {
    return this.#socket.getSendBufferSize();
  }

  /** libuv holds a pointer into a buffer that was sent. */
  get isBlocked(): boolean {
    return this.#closing === undefined && this.#socket.getSendQueueCount() > 0;
  }

  /**
   * Each datagram comes in memory of its own. `from` is the same object as long as the same peer
   * sends. One listener a port.
   */
  onDatagram(listener: (datagram: Uint8Array, from: PeerAddress) => void): void {
    this.#socket.on('message', (datagram, { address, port }) => {
      if (port !== this.#lastFrom.port || address !== this.#lastFrom.address) {
        this.#lastFrom = { address, port };
      }
      listener(datagram, this.#lastFrom);
    });
  }

  /**
   * Sends `datagram` at once or drops it: what is addressed past a connected port, to the other
   * address family, or is refused by the system is lost like any datagram. Never throws. With
   * `report` an error comes as a hint; without, the system's answer is not asked for, which is what
   * makes a send cheap (1.2 µs against 4.0, connected, 1424 bytes).
   */
  send(datagram: Uint8Array, to: PeerAddress, report: boolean): void {
    if (this.#closing !== undefined) return;
    const peer = this.#peer;
    const callback = report ? this.#reportError : undefined;
    try {
      if (peer === undefined) this.#socket.send(datagram, to.port, to.address, callback);
      else if (peer === to || (peer.port === to.port && peer.address === to.address)) {
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
    this.#cancelQueuePoll ??= this.#timers.after(QUEUE_POLL_MS, () => {
      this.#cancelQueuePoll = undefined;
      if (this.isBlocked) this.awaitUnblocked();
      else if (this.#closing === undefined) this.onUnblocked();
    });
  }

  /**
   * From now on only to and from `peer`; true when that worked. A failure (no route) is a hint, and
   * the port stays unconnected. It is done on return, so that nothing sent after it is lost.
   */
  connect(peer: PeerAddress): boolean {
    assert(this.#peer === undefined, 'a connected port is disconnected first');
    if (this.#closing !== undefined) return false;
    try {
      this.#socket.connect(peer.port, peer.address);
      // Throws when the system refused; its reason comes as an error event.
      this.#socket.remoteAddress();
      this.#peer = peer;
      return true;
    } catch (error) {
      this.onHint(error as Error);
      return false;
    }
  }

  /** Hears and answers everybody again, on the same port if it was bound by number. */
  disconnect(): void {
    if (this.#peer === undefined || this.#closing !== undefined) return;
    this.#peer = undefined;
    this.#socket.disconnect();
  }

  /** Waits for sends that the kernel has not taken, at most `MAX_CLOSE_WAIT_MS`, then closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancelQueuePoll?.();
    for (let waitedMs = 0; waitedMs < MAX_CLOSE_WAIT_MS; waitedMs += QUEUE_POLL_MS) {
      if (this.#socket.getSendQueueCount() === 0) break;
      await new Promise<void>((resolve) => this.#timers.after(QUEUE_POLL_MS, resolve));
    }
    await new Promise<void>((resolve) => {
      this.#socket.close(() => {
        resolve();
      });
    });
  }
}
