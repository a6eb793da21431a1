import assert from 'node:assert/strict';
import type { PeerAddress } from '../../src/transfer/core/index.ts';
import { Type, type WatchedPacket } from './watched-packet.ts';

/** Bytes that go to an address for each that came from there, before it has proven itself. */
const MAX_AMPLIFICATION = 3;

/** What one endpoint and one address have sent each other. */
class Correspondent {
  receivedBytes = 0;
  sentBytes = 0;
  /** This side has asked there by itself, or knows that its peer is there. */
  isProven = false;
  /** It has said OPEN or OPEN_ACK, and was heard. */
  hasOpened = false;
  /** What was asked, and what came back. */
  readonly challenges: Set<string> = new Set();
  hasResponded = false;
}

/**
 * Fails the run when an endpoint sends somebody more than threefold what came from there, before that
 * address has proven that it listens, or when a connection goes to an address that has neither opened
 * it nor answered a challenge.
 */
export class AddressWatch {
  readonly #correspondents: Map<string, Correspondent> = new Map();
  /** Where each connection's packets go, by what it is known by. */
  readonly #homes: Map<object, string> = new Map();

  /** Whatever comes, taken or not. */
  onHanded(datagram: Uint8Array, from: PeerAddress): void {
    this.#correspondent(keyOf(from)).receivedBytes += datagram.length;
  }

  /** Of what comes: OPEN or OPEN_ACK, or a connection's. */
  onTaken(packet: WatchedPacket, from: PeerAddress): void {
    const correspondent = this.#correspondent(keyOf(from));
    if (packet.type === Type.open || packet.type === Type.openAck) correspondent.hasOpened = true;
    const isAnswer =
      packet.type === Type.pathResponse && correspondent.challenges.has(packet.token);
    if (isAnswer) correspondent.hasResponded = true;
  }

  /** `connection`: undefined for OPEN and OPEN_ACK. */
  onSent(packet: WatchedPacket, to: PeerAddress, connection: object | undefined): void {
    const key = keyOf(to);
    const correspondent = this.#correspondent(key);
    correspondent.sentBytes += packet.lengthBytes;
    const isAsking = packet.type === Type.pathChallenge || packet.type === Type.pathResponse;
    if (packet.type === Type.pathChallenge) correspondent.challenges.add(packet.token);
    if (packet.type === Type.open) correspondent.isProven = true;
    if (connection !== undefined && !isAsking) this.#goTo(connection, key, correspondent);
    const mostBytes = MAX_AMPLIFICATION * correspondent.receivedBytes;
    assert(
      correspondent.isProven || correspondent.sentBytes <= mostBytes,
      'nobody is sent more than threefold what came from there',
    );
  }

  #goTo(connection: object, key: string, correspondent: Correspondent): void {
    const home = this.#homes.get(connection);
    if (home !== key) {
      const mayGo = home === undefined ? correspondent.hasOpened : correspondent.hasResponded;
      assert(
        mayGo,
        'a connection goes where it was opened from, or where a challenge was answered',
      );
      correspondent.hasResponded = false;
      this.#homes.set(connection, key);
    }
    correspondent.isProven = true;
  }

  #correspondent(key: string): Correspondent {
    const known = this.#correspondents.get(key);
    if (known !== undefined) return known;
    const made = new Correspondent();
    this.#correspondents.set(key, made);
    return made;
  }
}

function keyOf({ address, port }: PeerAddress): string {
  return `${address}|${port}`;
}
