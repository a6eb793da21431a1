import type { SocketAddress } from '../../files/transfer.ts';
import type { SocketEngine } from './socket-engine.ts';

/** Peers whose socket is kept, so that the next transfer to them starts with what the path taught. */
const MAX_PEER_SOCKETS = 64;

/** The sockets of an endpoint that opens connections: one a peer. */
export class PeerSockets {
  readonly #create: () => Promise<SocketEngine>;
  /** By the peer's addresses; a promise while its socket is being bound. */
  readonly #engines: Map<string, Promise<SocketEngine>> = new Map();

  constructor(create: () => Promise<SocketEngine>) {
    this.#create = create;
  }

  /** All that are bound, or are being bound and will be. */
  async all(): Promise<SocketEngine[]> {
    const outcomes = await Promise.allSettled(this.#engines.values());
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  }

  /** The socket to this peer: the one that is open, or a new one. */
  to(addresses: readonly SocketAddress[]): Promise<SocketEngine> {
    const key = addresses.map(({ address, port }) => `${address}|${port}`).join(' ');
    const known = this.#engines.get(key);
    if (known !== undefined) return known;
    this.#forgetIdle();
    const engine = this.#create();
    this.#engines.set(key, engine);
    engine.catch(() => this.#engines.delete(key));
    return engine;
  }

  #forgetIdle(): void {
    if (this.#engines.size < MAX_PEER_SOCKETS) return;
    for (const [key, pending] of this.#engines) {
      void pending.then(async (engine) => {
        if (engine.connectionCount > 0 || this.#engines.size < MAX_PEER_SOCKETS) return;
        this.#engines.delete(key);
        await engine.close();
      });
    }
  }
}
