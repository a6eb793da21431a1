import type { PeerAddress } from '../../src/transfer/core/index.ts';

/** Somebody who looks on at a node, and fails the run when something is wrong. */
export interface Observer {
  /** The transport has taken in, or refused, a datagram. */
  onHanded(datagram: Uint8Array, from: PeerAddress, nowUs: number): void;
  onSent(datagram: Uint8Array, to: PeerAddress, nowUs: number): void;
  /** The node has nothing more to do now. */
  onRest(nowUs: number): void;
}
