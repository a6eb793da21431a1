import dgram from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { askForBuffers, type SocketAddress } from '../transfer/diagnosis.ts';
import { type DirectionCounters, LinkDirection } from './link-direction.ts';
import { LinkPipe } from './link-pipe.ts';
import type { LinkProfile } from './link-profile.ts';

export interface EmulatedLinkOptions {
  readonly profile: LinkProfile;
  /** Where the far side may be reached, all of one family; the first that answers is the one. */
  readonly farAddresses: readonly SocketAddress[];
}

/** What an emulated link has done. */
export interface LinkReport {
  /** From the near side, which sends, to the far one. */
  readonly out: DirectionCounters;
  readonly back: DirectionCounters;
}

/**
 * A bad link between two real endpoints, without any right that a user has not: the near side takes
 * `port` on 127.0.0.1 for its peer, and what it sends there goes on to the far side late, or not at all.
 */
export class EmulatedLink {
  readonly #out: LinkPipe;
  readonly #back: LinkPipe;
  readonly #near: dgram.Socket;
  readonly #far: dgram.Socket;
  #farAddresses: readonly SocketAddress[];
  /** Whoever speaks first from this machine; others are not heard. */
  #nearPort: number | undefined;

  private constructor(
    { profile, farAddresses }: EmulatedLinkOptions,
    near: dgram.Socket,
    far: dgram.Socket,
  ) {
    this.#near = near;
    this.#far = far;
    this.#farAddresses = farAddresses;
    this.#out = new LinkPipe(new LinkDirection(profile, 0), this.#sendOut);
    this.#back = new LinkPipe(new LinkDirection(profile, 1), this.#sendBack);
    near.on('message', (datagram, { port }) => {
      this.#nearPort ??= port;
      if (port === this.#nearPort) this.#out.take(datagram);
    });
    far.on('message', (datagram, { address, port }) => {
      const heard = this.#farAddresses.filter(
        (known) => known.address === address && known.port === port,
      );
      if (heard.length === 0) return;
      this.#farAddresses = heard;
      this.#back.take(datagram);
    });
  }

  static async open(options: EmulatedLinkOptions): Promise<EmulatedLink> {
    const near = await bound('udp4', '127.0.0.1');
    const isV6 = isIPv6(options.farAddresses[0]!.address);
    const far = await (isV6 ? bound('udp6', '::') : bound('udp4', '0.0.0.0'));
    return new EmulatedLink(options, near, far);
  }

  /** On 127.0.0.1. */
  get port(): number {
    return this.#near.address().port;
  }

  get report(): LinkReport {
    return { out: this.#out.counters, back: this.#back.counters };
  }

  close(): void {
    this.#out.close();
    this.#back.close();
    this.#near.close();
    this.#far.close();
  }

  readonly #sendOut = (datagram: Uint8Array): void => {
    for (const { address, port } of this.#farAddresses) this.#far.send(datagram, port, address);
  };

  readonly #sendBack = (datagram: Uint8Array): void => {
    if (this.#nearPort === undefined) return;
    this.#near.send(datagram, this.#nearPort, '127.0.0.1');
  };
}

async function bound(type: dgram.SocketType, host: string): Promise<dgram.Socket> {
  const socket = dgram.createSocket({
    type,
    // An address is a literal already: no resolver is asked, no turn is lost.
    lookup: (address, _options, callback) => {
      callback(null, address, isIPv6(address) ? 6 : 4);
    },
  });
  // What a send is told of a peer that has gone is no fault of the link.
  const ignore = (): void => undefined;
  // Without a resolver it may be bound at once.
  const listening = once(socket, 'listening');
  socket.bind(0, host);
  await listening;
  socket.on('error', ignore);
  askForBuffers(socket);
  return socket;
}
