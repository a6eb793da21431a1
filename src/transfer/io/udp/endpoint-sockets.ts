import { CreditLedger } from '../../core/index.ts';
import type { SocketAddress } from '../../files/transfer.ts';
import type { EndpointOptions, OpeningNotes } from '../transfer-endpoint.ts';
import type { FineTimers } from './fine-timers.ts';
import { PeerSockets } from './peer-sockets.ts';
import { SocketEngine, type SocketEngineOptions } from './socket-engine.ts';
import { UdpPort } from './udp-port.ts';
import { SendRings } from './udp-send-ring.ts';

/** Longest that `close` waits for lingering connections. */
const MAX_CLOSE_WAIT_MS = 6_000;

export interface EndpointSocketsOptions {
  /** Listens. */
  readonly port: UdpPort;
  /** What the other sockets are bound to. */
  readonly host: string;
  readonly createSocket?: EndpointOptions['createSocket'] | undefined;
  readonly config: Omit<SocketEngineOptions['config'], 'ledger'>;
  readonly mtuBytes: number | undefined;
  readonly fineTimers: FineTimers | undefined;
  readonly onIncoming: SocketEngineOptions['onIncoming'];
  /** Somebody waits for memory to receive into, and some may have become free. */
  readonly onCreditFreed: () => void;
}

/** The sockets of one endpoint: the one that listens, and one more for each peer that is sent to. */
export class EndpointSockets {
  readonly listening: SocketEngine;
  readonly #options: EndpointSocketsOptions;
  /** One for all sockets: whoever sends to many peers has no more memory for each of them. */
  readonly #ledger = new CreditLedger();
  readonly #rings: SendRings = new SendRings();
  readonly #peers: PeerSockets = new PeerSockets(async () => {
    const port = await this.#bindFree(this.#options.host);
    return this.#createEngine(port, () => undefined);
  });
  #onQuiet: (() => void) | undefined;

  constructor(options: EndpointSocketsOptions) {
    this.#options = options;
    this.listening = this.#createEngine(options.port, options.onIncoming);
  }

  /** The socket to this peer: the one that is open, or a new one. */
  to(addresses: readonly SocketAddress[]): Promise<SocketEngine> {
    return this.#peers.to(addresses);
  }

  async openingNotes(keyId: string): Promise<OpeningNotes> {
    for (const engine of await this.#all()) {
      const notes = engine.openingNotes(keyId);
      if (notes !== undefined) return notes;
    }
    return { isAnswered: false };
  }

  /** Waits until no connection is open or lingers, though not for long. */
  async close(): Promise<void> {
    const engines = await this.#all();
    for (const engine of engines) engine.wake();
    await this.#quiet(engines);
    await Promise.all(engines.map((engine) => engine.close()));
  }

  async #all(): Promise<readonly SocketEngine[]> {
    return [this.listening, ...(await this.#peers.all())];
  }

  async #quiet(engines: readonly SocketEngine[]): Promise<void> {
    const isQuiet = (): boolean => engines.every((engine) => engine.connectionCount === 0);
    if (isQuiet()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, MAX_CLOSE_WAIT_MS);
      this.#onQuiet = () => {
        if (!isQuiet()) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #createEngine(port: UdpPort, onIncoming: SocketEngineOptions['onIncoming']): SocketEngine {
    const { config, mtuBytes, fineTimers, onCreditFreed } = this.#options;
    return new SocketEngine({
      port,
      config: { ...config, ledger: this.#ledger },
      onIncoming,
      onTurn: () => {
        if (this.#ledger.waitingCount > 0) onCreditFreed();
        this.#onQuiet?.();
      },
      bindFree: this.#bindFree,
      mtuBytes,
      fineTimers,
      rings: this.#rings,
    });
  }

  readonly #bindFree = (host: string): Promise<UdpPort> => {
    const { createSocket } = this.#options;
    return UdpPort.bindFree({ host, ...(createSocket === undefined ? {} : { createSocket }) });
  };
}
