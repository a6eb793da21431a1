import { randomBytes } from 'node:crypto';
import {
  type CloseReason,
  Endpoint,
  type EndpointConfig,
  type OpenOptions,
  type PeerAddress,
  type TransportConnection,
  type TransportEvent,
  type TransportIntroduction,
} from '../../core/index.ts';
import { monotonicNowUs } from '../clock.ts';
import type { FineTimers } from './fine-timers.ts';
import { PeerSeeker } from './peer-seeker.ts';
import type { OpeningNotes } from '../transfer-endpoint.ts';
import { TransportDriver } from './transport-driver.ts';
import { UdpPort } from './udp-port.ts';
import type { SendRings } from './udp-send-ring.ts';

/** Largest datagram that is built. */
const MAX_DATAGRAM_BYTES = 65_507;

/**
 * How often `setTimeout` lets the driver send: it fires after 1.1 to 1.8 ms when 1 was asked for, on a
 * busy machine later. With quanta for 0.5 ms only 0.6 of the pacing rate left.
 */
const TIMER_TICK_US = 2_000;
/**
 * Pacing rate from which the engine's thread waits by timers although it may sleep: four turns a
 * millisecond cost more of a core than bursts of 25 packets cost the path. On an emulated link of
 * 500 Mbit/s, 20 ms, alternating: 0.86 of the limit by timers against 0.79 by sleeps; at 100 Mbit/s,
 * 50 ms 0.90 against 0.91.
 */
const SLEEPS_BELOW_BYTES_PER_SEC = 32_000_000;

/** What a transfer hears of its connection. */
export interface ConnectionUser {
  /** Only on the opener's side; elsewhere a user is made for an open connection. */
  onOpened?(connection: TransportConnection): void;
  onReadable(): void;
  onWritable(): void;
  onStalled(sinceUs: number): void;
  onResumed(): void;
  onClosed(reason: CloseReason): void;
}

export interface SocketEngineOptions {
  readonly port: UdpPort;
  readonly config: Omit<EndpointConfig, 'random' | 'receiveBufferBytes'>;
  /** A peer has opened a connection; undefined closes nothing and lets it idle out. */
  readonly onIncoming: (connection: TransportConnection) => ConnectionUser | undefined;
  readonly onTurn: () => void;
  /** Binds a free port when the address of an opener's has left this machine; default the system's. */
  readonly bindFree?: (host: string) => Promise<UdpPort>;
  /** No IP packet is to be larger; default what the interface carries. */
  readonly mtuBytes?: number | undefined;
  /** Of a thread that serves nothing else; shared by all its engines. Default: the system's timers. */
  readonly fineTimers?: FineTimers | undefined;
  /** Shared by the engines of one thread. Default: its own. */
  readonly rings?: SendRings;
}

/** Uniform in [0, 1) from the system's generator: ids and packet numbers that nobody guesses. */
function secureRandom(): number {
  return randomBytes(4).readUInt32BE() / 2 ** 32;
}

/** One UDP socket with its core endpoint: routes the news of each connection to its user. */
export class SocketEngine {
  #port: UdpPort;
  readonly #seeker: PeerSeeker;
  readonly #endpoint: Endpoint;
  readonly #driver: TransportDriver;
  readonly #options: SocketEngineOptions;
  /** By handle; from `open` or `onIncoming` until `closed`. */
  readonly #users: Map<number, ConnectionUser> = new Map();

  constructor(options: SocketEngineOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#endpoint = new Endpoint({
      ...options.config,
      random: secureRandom,
      receiveBufferBytes: options.port.receiveBufferBytes,
      timers: {
        tickUs: TIMER_TICK_US,
        sleepsBelowBytesPerSec: options.fineTimers === undefined ? 0 : SLEEPS_BELOW_BYTES_PER_SEC,
      },
    });
    options.port.onHint = this.#onHint;
    this.#driver = new TransportDriver({
      port: options.port,
      transport: this.#endpoint,
      nowUs: monotonicNowUs,
      fineTimers: options.fineTimers,
      ...(options.rings === undefined ? {} : { rings: options.rings }),
      sleepUntilUs: () => this.#endpoint.sleepUntilUs,
      maxDatagramBytes: Math.min(MAX_DATAGRAM_BYTES, options.config.datagramBytes ?? 2048),
      onEvent: this.#onEvent,
      // An unconnected port is told nothing.
      isReportWanted: () => this.#port.peer !== undefined && this.#endpoint.isProbingMtu,
      onTurn: () => {
        this.#seeker.update();
        options.onTurn();
      },
    });
    this.#seeker = this.#createSeeker(options.bindFree);
  }

  /** Another one once its address has left this machine. */
  get port(): UdpPort {
    return this.#port;
  }

  /** Connections that are open, opening or lingering. */
  get connectionCount(): number {
    return this.#endpoint.connectionCount + this.#endpoint.openingCount;
  }

  /** Datagrams by what became of them. */
  get counters(): Endpoint['counters'] {
    return this.#endpoint.counters;
  }

  /** False when too many introductions wait. */
  expect(introduction: TransportIntroduction): boolean {
    return this.#driver.command((nowUs) => this.#endpoint.expect(introduction, nowUs));
  }

  /** False when there are too many tickets, or this is one already. */
  expectMany(ticket: TransportIntroduction): boolean {
    return this.#driver.command((nowUs) => this.#endpoint.expectMany(ticket, nowUs));
  }

  /** Opens a connection for `user`; returns what `abandon` takes. */
  open(
    introduction: TransportIntroduction,
    addresses: readonly PeerAddress[],
    user: ConnectionUser,
    options?: OpenOptions,
  ): number {
    const handle = this.#driver.command((nowUs) =>
      this.#endpoint.open(introduction, addresses, nowUs, options),
    );
    this.#users.set(handle, user);
    return handle;
  }

  /** Undefined when nothing is opened or expected under this introduction. */
  openingNotes(keyId: string): OpeningNotes | undefined {
    for (const connection of this.#endpoint.connections) {
      if (connection.isOpener && connection.keyId === keyId) return { isAnswered: true };
    }
    const { sent, seen } = this.#endpoint.openingNotes(keyId);
    if (sent !== undefined) {
      const { startedAtUs, openCount, scoutCount } = sent;
      const sinceMs = (monotonicNowUs() - startedAtUs) / 1000;
      return { isAnswered: false, sent: { sinceMs, openCount, scoutCount } };
    }
    return seen && { isAnswered: false, seen: { ...seen } };
  }

  /** Gives up an opening without a word. */
  abandon(handle: number): void {
    this.#endpoint.abandon(handle);
    this.#users.delete(handle);
    this.wake();
  }

  wake(): void {
    this.#driver.wake();
  }

  async close(): Promise<void> {
    await this.#driver.close();
  }

  readonly #onEvent = (event: TransportEvent): void => {
    if (event.type === 'unopened') {
      const user = this.#users.get(event.handle);
      this.#users.delete(event.handle);
      user?.onClosed(event.reason);
      return;
    }
    const { connection } = event;
    if (event.type === 'opened' && !connection.isOpener) {
      const user = this.#options.onIncoming(connection);
      if (user !== undefined) this.#users.set(connection.handle, user);
    }
    const user = this.#users.get(connection.handle);
    switch (event.type) {
      case 'opened':
        this.#seeker.update();
        user?.onOpened?.(connection);
        break;
      case 'readable':
        user?.onReadable();
        break;
      case 'writable':
        user?.onWritable();
        break;
      case 'stalled':
        user?.onStalled(event.sinceUs);
        break;
      case 'resumed':
        user?.onResumed();
        break;
      case 'closed':
        this.#users.delete(connection.handle);
        user?.onClosed(event.reason);
        break;
      case 'sent':
        break;
    }
  };

  /** Goes on by another port: to its peers this side has moved. The old port is closed. */
  replacePort(port: UdpPort): void {
    port.onHint = this.#onHint;
    this.#port = port;
    this.#driver.replacePort(port);
    this.#restartPaths();
  }

  #restartPaths(): void {
    this.#driver.command((nowUs) => {
      this.#endpoint.restartPaths(nowUs);
    });
  }

  /** An opener's socket speaks to one peer: to whoever answered. Only then its interface is known. */
  #createSeeker(bindFree: SocketEngineOptions['bindFree']): PeerSeeker {
    return new PeerSeeker(
      {
        port: () => this.#port,
        peer: () => this.#endpoint.openedPeer,
        onConnected: (datagramBytes) => {
          this.#driver.growDatagrams(datagramBytes);
          this.#endpoint.setInterfaceDatagramBytes(datagramBytes);
        },
        onLocalChange: () => {
          this.#restartPaths();
        },
        replacePort: (port) => {
          this.replacePort(port);
        },
      },
      bindFree ?? ((host) => UdpPort.bindFree({ host })),
      undefined,
      this.#options.mtuBytes,
    );
  }

  /** What the network and the system say is a hint, never an end. */
  readonly #onHint = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EMSGSIZE') {
      this.#driver.command((nowUs) => {
        this.#endpoint.onDatagramTooBig(nowUs);
      });
    }
    this.#seeker.onHint(error, monotonicNowUs());
  };
}
