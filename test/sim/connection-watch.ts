import assert from 'node:assert/strict';
import type { Connection } from '../../src/transfer/core/index.ts';
import { ProgressWatch, type ProgressWatchOptions } from './progress-watch.ts';
import { Type, unwrapped, type WatchedPacket } from './watched-packet.ts';

/** What a peer may send before it hears of more. */
const INITIAL_CREDIT_BYTES = 65_536;
const MAX_ACK_RANGES = 250;
/** An ACK this near to its limit may have left ranges out: a gap and a length, both of two fields. */
const MAX_RANGE_BYTES = 8;

/**
 * Looks at every packet of one side of a connection as it leaves, and at those that it took in, and
 * fails the run when one breaks a rule of the wire:
 *
 * - packet numbers only grow, also across the wrap, and so does the number of an ACK; una of MARK and
 *   credit never shrink;
 * - no byte is sent beyond the credit that has come;
 * - an ACK names packets that have come and nothing else, the newest of all, and all of them down from
 *   there to una unless it is full;
 * - once the peer has said CLOSE, at most one more leaves, and none if one had left before;
 * - what is in flight is answered some time (`ProgressWatch`).
 */
export class ConnectionWatch {
  readonly #progress: ProgressWatch;
  /** Next of the numbers that leave. */
  #nextNumber: number | undefined;
  #nextAckSeq = 0;
  #markedUna: number | undefined;
  /** As the peer told it, and as it was told. */
  #creditBytes = INITIAL_CREDIT_BYTES;
  #toldCreditBytes = INITIAL_CREDIT_BYTES;
  /** Numbers that have come, from the peer's una on. */
  readonly #received: Set<number> = new Set();
  #largestReceived: number | undefined;
  #peerUna = -Infinity;
  #peerMarkSeq = -1;
  #hasClosed = false;
  #hasPeerClosed = false;

  constructor(connection: Connection, options: ProgressWatchOptions) {
    this.#progress = new ProgressWatch(connection, options);
  }

  /** The node rests. */
  onRest(nowUs: number): void {
    this.#progress.check(nowUs);
  }

  /** `limitBytes`: what an ACK may have now. */
  onLeaving(packet: WatchedPacket, limitBytes: number): void {
    if (packet.type === Type.ack) this.#onAckLeaving(packet, limitBytes);
    else if (packet.type === Type.mark) this.#onMarkLeaving(packet);
    else if (packet.type === Type.close) this.#onCloseLeaving();
    else if (packet.isNumbered) this.#onNumberedLeaving(packet);
  }

  onTaken(packet: WatchedPacket): void {
    if (packet.type === Type.ack) {
      this.#creditBytes = Math.max(this.#creditBytes, packet.creditBytes);
      if (this.#nextNumber !== undefined) {
        this.#progress.onAck(unwrapped(packet.largest, this.#nextNumber));
      }
    } else if (packet.type === Type.mark) {
      this.#onMarkTaken(packet);
    } else if (packet.isNumbered) {
      const expected = this.#largestReceived === undefined ? 0 : this.#largestReceived + 1;
      const number = unwrapped(packet.number, expected);
      if (number < this.#peerUna) return;
      this.#received.add(number);
      this.#largestReceived = Math.max(this.#largestReceived ?? number, number);
    }
  }

  /** A CLOSE was taken in, also after this side's own. */
  onCloseTaken(): void {
    this.#hasPeerClosed = true;
  }

  #onCloseLeaving(): void {
    assert(
      !this.#hasClosed || !this.#hasPeerClosed,
      'a CLOSE that was heard makes no second one leave',
    );
    this.#hasClosed = true;
  }

  #onNumberedLeaving(packet: WatchedPacket): void {
    const expected = this.#nextNumber ?? packet.number;
    const number = unwrapped(packet.number, expected);
    assert(number >= expected, 'packet numbers grow');
    this.#nextNumber = number + 1;
    if (packet.type !== Type.data) return;
    assert(packet.endOffset <= this.#creditBytes, 'no byte is sent beyond the credit');
  }

  #onMarkLeaving(packet: WatchedPacket): void {
    this.#nextNumber ??= packet.number;
    const una = unwrapped(packet.number, this.#nextNumber);
    assert(una >= (this.#markedUna ?? una), 'una never decreases');
    assert(una <= this.#nextNumber + 1, 'una is no number that is yet to be used');
    this.#markedUna = una;
  }

  #onMarkTaken(packet: WatchedPacket): void {
    if (packet.markSeq <= this.#peerMarkSeq || this.#largestReceived === undefined) return;
    this.#peerMarkSeq = packet.markSeq;
    const largest = this.#largestReceived;
    const una = unwrapped(packet.number, largest + 1);
    if (una > largest + 1) return;
    // The newest number stays: an ACK without ranges cannot be written.
    this.#peerUna = Math.max(this.#peerUna, Math.min(una, largest));
    for (const number of this.#received) if (number < this.#peerUna) this.#received.delete(number);
  }

  #onAckLeaving(packet: WatchedPacket, limitBytes: number): void {
    assert(packet.number >= this.#nextAckSeq, 'the numbers of ACKs grow');
    this.#nextAckSeq = packet.number + 1;
    assert(packet.creditBytes >= this.#toldCreditBytes, 'credit never shrinks on the wire');
    this.#toldCreditBytes = packet.creditBytes;
    assert(this.#largestReceived !== undefined, 'an ACK speaks of something');
    const largest = unwrapped(packet.largest, this.#largestReceived);
    assert(largest === this.#largestReceived, 'an ACK names the newest number');
    let [count, lowest] = [0, largest];
    const rangeCount = packet.forEachAcked((below) => {
      lowest = largest - below;
      count++;
      assert(this.#received.has(lowest), 'an ACK speaks of what has come');
    });
    if (count === this.#received.size) return;
    const isFull =
      rangeCount === MAX_ACK_RANGES || packet.lengthBytes > limitBytes - MAX_RANGE_BYTES;
    assert(isFull, 'an ACK names all that has come');
    const newer = [...this.#received].filter((number) => number >= lowest);
    assert(newer.length === count, 'an ACK that is full names the newest');
  }
}
