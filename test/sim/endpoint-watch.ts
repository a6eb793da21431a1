import assert from 'node:assert/strict';
import {
  audit,
  type Connection,
  type Endpoint,
  type Path,
  type PeerAddress,
} from '../../src/transfer/core/index.ts';
import { AddressWatch } from './address-watch.ts';
import { ConnectionWatch } from './connection-watch.ts';
import type { Observer } from './observer.ts';
import type { ProgressWatchOptions } from './progress-watch.ts';
import { PathWatch } from './path-watch.ts';
import { Type, WatchedPacket } from './watched-packet.ts';

/** How many packets in flight an audit at each rest is worth; with more there are fewer audits. */
const AUDITED_PACKETS = 32;

/** A connection and what watches it. */
interface Watched {
  readonly connection: Connection;
  readonly wire: ConnectionWatch;
}

export interface EndpointWatchOptions extends ProgressWatchOptions {
  /** What its driver's timers are worth. */
  readonly tickUs: number;
}

/**
 * Looks at all that one endpoint sends, takes in and keeps, and fails the run when an invariant is
 * broken: `docs/invariants.md` says which ones those are.
 */
export class EndpointWatch implements Observer {
  readonly #endpoint: Endpoint;
  readonly #options: EndpointWatchOptions;
  readonly #addresses = new AddressWatch();
  readonly #paths: Map<Path, PathWatch> = new Map();
  /** By the id that packets to it carry, and by that of packets from it. */
  readonly #byLocalId: Map<number, Watched> = new Map();
  readonly #byPeerId: Map<number, Watched> = new Map();
  #refusedCount = 0;
  #restCount = 0;

  constructor(endpoint: Endpoint, options: EndpointWatchOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
  }

  onHanded(datagram: Uint8Array, from: PeerAddress): void {
    this.#addresses.onHanded(datagram, from);
    if (this.#wasRefused()) return;
    const packet = new WatchedPacket(datagram);
    const watched = this.#find(this.#byLocalId, packet.connectionId);
    if (watched !== undefined && !isOpening(packet)) {
      const { connection, wire } = watched;
      packet.tagBytes = connection.session.check.tagBytes;
      if (packet.type === Type.close) wire.onCloseTaken();
      else if (!connection.isClosed) wire.onTaken(packet);
    }
    if (watched !== undefined || isOpening(packet)) this.#addresses.onTaken(packet, from);
    for (const path of this.#endpoint.paths) this.#pathWatch(path).sample();
  }

  onSent(datagram: Uint8Array, to: PeerAddress, nowUs: number): void {
    const packet = new WatchedPacket(datagram);
    if (isOpening(packet)) {
      this.#addresses.onSent(packet, to, undefined);
      return;
    }
    const watched = this.#find(this.#byPeerId, packet.connectionId);
    assert(watched !== undefined, 'what leaves is of a connection');
    const { connection, wire } = watched;
    packet.tagBytes = connection.session.check.tagBytes;
    this.#addresses.onSent(packet, to, connection);
    wire.onLeaving(packet, connection.path.datagramBytes);
    const isPathPacket = packet.type === Type.pathChallenge || packet.type === Type.pathResponse;
    if (packet.isNumbered && !isPathPacket) {
      this.#pathWatch(connection.path).onLeaving(packet, nowUs);
    }
  }

  onRest(nowUs: number): void {
    const endpoint = this.#endpoint;
    for (const { wire } of this.#byLocalId.values()) wire.onRest(nowUs);
    let packetsInFlight = 0;
    for (const path of endpoint.paths) {
      this.#pathWatch(path).check();
      packetsInFlight += path.bytesInFlight / path.datagramBytes;
    }
    const every = 1 + Math.floor(packetsInFlight / AUDITED_PACKETS);
    if (this.#restCount++ % every === 0) {
      audit(endpoint, (path) => this.#pathWatch(path).wasShared);
    }
  }

  /** Whether the datagram that was handed over last was refused. */
  #wasRefused(): boolean {
    const { counters } = this.#endpoint;
    const refusedCount =
      counters.malformed +
      counters.damaged +
      counters.forged +
      counters.unknownConnection +
      counters.strangers +
      counters.deferred;
    const wasRefused = refusedCount > this.#refusedCount;
    this.#refusedCount = refusedCount;
    return wasRefused;
  }

  #find(watched: ReadonlyMap<number, Watched>, id: number): Watched | undefined {
    const known = watched.get(id);
    if (known !== undefined) return known;
    for (const connection of this.#endpoint.connections) {
      if (this.#byLocalId.has(connection.localConnectionId)) continue;
      const added = {
        connection,
        wire: new ConnectionWatch(connection, this.#options),
      };
      this.#byLocalId.set(connection.localConnectionId, added);
      this.#byPeerId.set(connection.peerConnectionId, added);
    }
    return watched.get(id);
  }

  #pathWatch(path: Path): PathWatch {
    const known = this.#paths.get(path);
    if (known !== undefined) return known;
    const made = new PathWatch(path, this.#options.tickUs);
    this.#paths.set(path, made);
    return made;
  }
}

function isOpening({ type }: WatchedPacket): boolean {
  return type === Type.open || type === Type.openAck;
}
