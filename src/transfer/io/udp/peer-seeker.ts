import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { PeerAddress } from '../../core/index.ts';
import { interfaceDatagramBytes } from './interface-mtu.ts';
import type { UdpPort } from './udp-port.ts';

/** Least time between two looks at the interfaces, or two new sockets. */
const RENEWAL_INTERVAL_US = 1_000_000;

/** What the system answers when the way out of this machine has changed. */
const ADDRESS_ERRORS: ReadonlySet<string | undefined> = new Set([
  'EADDRNOTAVAIL',
  'EHOSTUNREACH',
  'EINVAL',
  'ENETDOWN',
  'ENETUNREACH',
]);

/** What the seeker asks and tells. */
export interface SeekerHost {
  port(): UdpPort;
  /** Where the peer is heard; `away` while connections look for it; `none` without a connection. */
  peer(): PeerAddress | 'away' | 'none';
  /** The port is connected: datagrams may be as large as this. */
  onConnected(interfaceDatagramBytes: number): void;
  /** Datagrams leave from another address of this machine than before. */
  onLocalChange(): void;
  /** Goes on by this port; the old one is closed. */
  replacePort(port: UdpPort): void;
}

/**
 * Keeps an opener's port connected to its peer, which makes sends cheap and errors heard; and
 * disconnects it while the peer is away, because a connected port does not hear one that has moved. A
 * port whose address is no longer this machine's is replaced.
 */
export class PeerSeeker {
  readonly #host: SeekerHost;
  readonly #bindFree: (host: string) => Promise<UdpPort>;
  readonly #localAddresses: () => ReadonlySet<string>;
  readonly #mtuBytes: number | undefined;
  /** From where datagrams left when the port was connected last. */
  #lastLocal: string | undefined;
  #isRenewing = false;
  #renewableFromUs = -Infinity;

  /**
   * `localAddresses`: this machine's; default the system's answer. `mtuBytes`: no IP packet is to be
   * larger; default what the interface carries.
   */
  constructor(
    host: SeekerHost,
    bindFree: (host: string) => Promise<UdpPort>,
    localAddresses: () => ReadonlySet<string> = systemAddresses,
    mtuBytes?: number,
  ) {
    this.#mtuBytes = mtuBytes;
    this.#host = host;
    this.#bindFree = bindFree;
    this.#localAddresses = localAddresses;
  }

  /** To be called when something may have changed; cheap when nothing has. */
  update(): void {
    const port = this.#host.port();
    const peer = this.#host.peer();
    if (peer === 'none' || port.isBlocked) return;
    if (peer === 'away') port.disconnect();
    else if (port.peer === undefined) this.#connect(port, peer);
  }

  #connect(port: UdpPort, peer: PeerAddress): void {
    if (!port.connect(peer)) return;
    const local = port.localAddress;
    if (this.#lastLocal !== undefined && local !== this.#lastLocal) this.#host.onLocalChange();
    this.#lastLocal = local;
    this.#host.onConnected(interfaceDatagramBytes(local, this.#mtuBytes));
  }

  /** The network or the system has complained about a send. */
  onHint(error: NodeJS.ErrnoException, nowUs: number): void {
    if (!ADDRESS_ERRORS.has(error.code)) return;
    const port = this.#host.port();
    if (!port.isBlocked) port.disconnect();
    if (this.#isRenewing || nowUs < this.#renewableFromUs) return;
    this.#renewableFromUs = nowUs + RENEWAL_INTERVAL_US;
    const { address } = port.address;
    if (isWildcard(address) || this.#localAddresses().has(address)) return;
    this.#isRenewing = true;
    void this.#renew(isIPv6(address) ? '::' : '0.0.0.0');
  }

  /** A failure is tried again at the next hint. */
  async #renew(host: string): Promise<void> {
    try {
      this.#host.replacePort(await this.#bindFree(host));
    } catch {
      // No port is free, or the machine has no address at all: the old one stays.
    }
    this.#isRenewing = false;
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function systemAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(all.map(({ address }) => address));
}
