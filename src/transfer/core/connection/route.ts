import type { Address, PathMember } from '../path/path-member.ts';
import type { Path } from '../path/path.ts';
import type { PacketType } from '../wire/packet.ts';
import { AddressValidation } from './address-validation.ts';
import type { ConnectionHost } from './connection-host.ts';
import type { Sender } from './sending/sender.ts';

export interface RouteParts {
  readonly path: Path;
  readonly host: ConnectionHost;
  readonly sender: Sender;
  /** Bytes of every packet before its body. */
  readonly bodyAt: number;
  /** As told at the opening. */
  readonly peerSocketShareBytes: number;
}

/** Where the packets of a connection go: its path, and the address that its peer may have moved to. */
export class Route {
  #path: Path;
  readonly #member: PathMember;
  readonly #host: ConnectionHost;
  readonly #sender: Sender;
  readonly #validation: AddressValidation;
  #transmitTo: Address;
  #standingBytes: number;
  #newestStandingSeq = -1;

  constructor(member: PathMember, parts: RouteParts) {
    this.#member = member;
    this.#path = parts.path;
    this.#host = parts.host;
    this.#sender = parts.sender;
    this.#validation = new AddressValidation(parts.host.random, parts.bodyAt, parts.sender);
    this.#transmitTo = parts.path.address;
    this.#standingBytes = parts.peerSocketShareBytes;
  }

  get path(): Path {
    return this.#path;
  }

  /** Where the last packet of path validation goes; `poll` returns the path's address to it. */
  get transmitTo(): Address {
    return this.#transmitTo;
  }

  /** What may stand in the peer's kernel buffer for this connection. */
  get standingBytes(): number {
    return this.#standingBytes;
  }

  /** The newest packet came from elsewhere than where the path leads. */
  get isPeerElsewhere(): boolean {
    return this.#validation.isPeerElsewhere;
  }

  get nextTimeoutUs(): number {
    return this.#validation.nextTimeoutUs;
  }

  /** Whether a packet of path validation should leave now. */
  isDue(nowUs: number): boolean {
    return this.#validation.isDue(nowUs);
  }

  handleTimeout(nowUs: number): void {
    this.#validation.handleTimeout(nowUs);
  }

  /** A checked packet came; `isNewest` of all so far. */
  onPacket(from: Address, sizeBytes: number, isNewest: boolean, nowUs: number): void {
    this.#validation.onPacket(from, this.#path.address, sizeBytes, isNewest, nowUs);
  }

  /** PATH_CHALLENGE or PATH_RESPONSE, for the first time; it may move the connection. */
  onPathPacket(type: PacketType, token: Uint8Array, from: Address, nowUs: number): void {
    const moved = this.#validation.onPathPacket(type, token, from, nowUs);
    if (moved !== undefined) this.moveTo(moved.address, moved.roundTripUs);
  }

  /** An ACK told the peer's share of its kernel buffer; only the newest counts. */
  onAck(ackSeq: number, socketShareBytes: number): void {
    if (ackSeq <= this.#newestStandingSeq) return;
    this.#newestStandingSeq = ackSeq;
    this.#path.onStandingBytes(this.#member, socketShareBytes);
    this.#standingBytes = socketShareBytes;
  }

  /** Goes on by the path to this address; a path that was in use keeps what it has learned. */
  moveTo(address: Address, roundTripUs?: number): void {
    const { peerBytes } = this.#path.mtu;
    this.leave();
    this.#path = this.#host.pathTo(address);
    this.#path.mtu.peerBytes = peerBytes;
    if (roundTripUs !== undefined) this.#path.learnRoundTrip(roundTripUs, this.#host.nowUs);
    this.join();
    this.#sender.moveTo(this.#path);
    this.#validation.onMoved();
  }

  join(): void {
    this.#path.join(this.#member);
  }

  leave(): void {
    this.#path.leave(this.#member, this.#sender.takeFromPath());
  }

  /** Fills `buffer` with a packet of path validation, and sets `transmitTo`; 0 when none is due. */
  poll(buffer: Uint8Array, nowUs: number): number {
    this.#transmitTo = this.#path.address;
    const packet = this.#validation.take(nowUs);
    const length = packet ? this.#sender.buildPathPacket(buffer, packet, nowUs) : 0;
    if (packet && length > 0) this.#transmitTo = packet.to;
    return length;
  }
}
