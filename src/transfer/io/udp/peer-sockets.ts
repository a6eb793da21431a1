import type { SocketAddress } from '../../files/transfer.ts';
import type { SocketEngine } from './socket-engine.ts';

/** Peers whose socket is kept, so that the next transfer to them starts with what the path taught. */
export const MAX_PEER_SOCKETS = 64;

interface PeerSocket {
  readonly pending: Promise<SocketEngine>;
  /** Once it is bound. */
  engine: SocketEngine | undefined;
  /** Whoever asked for it in this turn is about to open a connection. */
  lentCount: number;
}

/** The sockets of an endpoint that opens connections: one a peer. */
export class PeerSockets {
  readonly #create: () => Promise<SocketEngine>;
  /** By the peer's addresses. */
  readonly #sockets: Map<string, PeerSocket> = new Map();

  constructor(create: () => Promise<SocketEngine>) {
    this.#create = create;
  }

  /** All that are bound, or are being bound and will be. */
  async all(): Promise<SocketEngine[]> {
    const pending = [...this.#sockets.values()].map((socket) => socket.pending);
    const outcomes = await Promise.allSettled(pending);
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  }

  /**
   * The socket to this peer: the one that is open, or a new one. It is there for whoever opens a connection
   * by it in the turn in which this resolves.
   */
  async to(addresses: readonly SocketAddress[]): Promise<SocketEngine> {
    const key = addresses.map(({ address, port }) => `${address}|${port}`).join(' ');
    const socket = this.#sockets.get(key) ?? this.#bind(key);
    socket.lentCount++;
    try {
      return await socket.pending;
    } finally {
      setImmediate(() => {
        socket.lentCount--;
      });
    }
  }

  #bind(key: string): PeerSocket {
    this.#forgetIdle();
    const pending = this.#create();
    const socket: PeerSocket = { pending, engine: undefined, lentCount: 0 };
    this.#sockets.set(key, socket);
    pending.then(
      (engine) => (socket.engine = engine),
      () => this.#sockets.delete(key),
    );
    return socket;
  }

  #forgetIdle(): void {
    for (const [key, { engine, lentCount }] of this.#sockets) {
      if (this.#sockets.size < MAX_PEER_SOCKETS) return;
      if (engine === undefined || lentCount > 0 || engine.connectionCount > 0) continue;
      this.#sockets.delete(key);
      void engine.close();
    }
  }
}
