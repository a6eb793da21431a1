import type { PeerAddress } from '../../src/transfer/core/index.ts';
import { IP_UDP_BYTES } from './link.ts';

/** Headroom, Ethernet header and shared info that stand beside a datagram in its block of memory. */
const BLOCK_OVERHEAD_BYTES = 64 + 14 + 320;
/** The socket buffer's own structure. */
const STRUCTURE_BYTES = 256;

/** What Linux charges a socket for a datagram: memory comes in powers of two (`skb->truesize`). */
export function chargedBytes(lengthBytes: number): number {
  const wanted = lengthBytes + IP_UDP_BYTES + BLOCK_OVERHEAD_BYTES;
  return 2 ** Math.ceil(Math.log2(wanted)) + STRUCTURE_BYTES;
}

/** A datagram that the kernel holds for a socket. */
export interface WaitingDatagram {
  readonly bytes: Uint8Array;
  readonly from: PeerAddress;
}

/** The kernel's receive buffer of one socket: what arrives while nobody reads, first in, first out. */
export class SocketBuffer {
  readonly #limitBytes: number;
  readonly #waiting: WaitingDatagram[] = [];
  #heldBytes = 0;
  /** Datagrams for which there was no room. */
  droppedCount = 0;
  /** Most that was ever charged at once. */
  maxHeldBytes = 0;

  constructor(limitBytes: number = Infinity) {
    this.#limitBytes = limitBytes;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Copies the datagram; false when it does not fit, and is dropped. */
  push(bytes: Uint8Array, from: PeerAddress): boolean {
    const charged = chargedBytes(bytes.length);
    if (this.#heldBytes + charged > this.#limitBytes) {
      this.droppedCount++;
      return false;
    }
    this.#heldBytes += charged;
    this.maxHeldBytes = Math.max(this.maxHeldBytes, this.#heldBytes);
    this.#waiting.push({ bytes: bytes.slice(), from });
    return true;
  }

  /** All that waits, in the order in which it came. */
  takeAll(): readonly WaitingDatagram[] {
    this.#heldBytes = 0;
    return this.#waiting.splice(0);
  }
}
