import { RangeSet } from '../../recovery/range-set.ts';
import type { DescendingRanges } from '../../wire/codec.ts';

/** Ranges of packet numbers that the receiver remembers (DESIGN §4). */
export const MAX_TRACKED_RANGES = 4096;
/** ACK frequency before the first MARK. */
const INITIAL_ACK_EVERY = 2;
const INITIAL_MAX_ACK_DELAY_US = 10_000;
/** ACKs that new or filled gaps may bring in one smoothed RTT (DESIGN §4). */
const MAX_GAP_ACKS_PER_RTT = 8;

/** How often the sender wants to hear from us: the fields of MARK. */
export interface AckFrequency {
  readonly ackEvery: number;
  readonly reorderThreshold: number;
  readonly maxAckDelayUs: number;
}

/**
 * Which packets have arrived, and when to say so.
 *
 * Invariant: a number is new exactly once. Numbers below the floor (the sender's `una`, or the oldest
 * range kept) count as seen.
 */
export class AckTracker {
  readonly #received = new RangeSet();
  #floor: number;
  #largest: number;
  #largestAtUs = 0;
  #receivedCount = 0;
  #countAtLargest = 0;
  #duplicateCount = 0;
  #ackEvery = INITIAL_ACK_EVERY;
  #reorderThreshold = 1;
  #maxAckDelayUs = INITIAL_MAX_ACK_DELAY_US;
  /** Numbered packets that came since the last ACK left. */
  #unackedCount = 0;
  #ackAtUs = Infinity;
  #gapAckAllowedAtUs = 0;

  /** `firstPacketNumber` is the number that the peer starts with. */
  constructor(firstPacketNumber: number) {
    this.#floor = firstPacketNumber;
    this.#largest = firstPacketNumber - 1;
  }

  /** Highest number that arrived; one below the first before any has. */
  get largest(): number {
    return this.#largest;
  }

  /** When `largest` arrived. */
  get largestAtUs(): number {
    return this.#largestAtUs;
  }

  /** Numbered packets seen for the first time. */
  get receivedCount(): number {
    return this.#receivedCount;
  }

  /** Of these, the ones that had come when `largest` came, itself included. */
  get countAtLargest(): number {
    return this.#countAtLargest;
  }

  get duplicateCount(): number {
    return this.#duplicateCount;
  }

  get ranges(): DescendingRanges {
    return this.#received;
  }

  get hasReceived(): boolean {
    return !this.#received.isEmpty;
  }

  /** When an ACK should leave; Infinity when none is owed. */
  get ackAtUs(): number {
    return this.#ackAtUs;
  }

  isNew(packetNumber: number): boolean {
    return packetNumber >= this.#floor && !this.#received.contains(packetNumber);
  }

  /** Counts a packet that came again. It is owed an ACK: the last one may have been lost. */
  onDuplicate(nowUs: number): void {
    this.#duplicateCount++;
    this.#owe(nowUs + this.#maxAckDelayUs);
  }

  /** Takes in a new number. `isAckNow` is the sender's wish for an ACK at once. */
  onReceived(packetNumber: number, isAckNow: boolean, nowUs: number): void {
    const opensGap = packetNumber > this.#largest + 1;
    const fillsGap = packetNumber < this.#largest;
    this.#received.insert(packetNumber, packetNumber + 1);
    this.#receivedCount++;
    this.#unackedCount++;
    if (packetNumber > this.#largest) {
      this.#largest = packetNumber;
      this.#largestAtUs = nowUs;
      this.#countAtLargest = this.#receivedCount;
    }
    if (this.#received.rangeCount > MAX_TRACKED_RANGES) {
      this.#floor = this.#received.start(1);
      this.#received.forgetBelow(this.#floor);
    }
    if (isAckNow || this.#unackedCount >= this.#ackEvery) this.#owe(nowUs);
    else if ((opensGap || fillsGap) && this.#gapDeservesAck(packetNumber, nowUs)) this.#owe(nowUs);
    else this.#owe(nowUs + this.#maxAckDelayUs);
  }

  #gapDeservesAck(packetNumber: number, nowUs: number): boolean {
    if (this.#reorderThreshold === 0 || nowUs < this.#gapAckAllowedAtUs) return false;
    if (this.#largest - packetNumber >= 0 && this.#reorderThreshold > 1) {
      const isOldEnough = this.#largest - packetNumber >= this.#reorderThreshold;
      if (packetNumber !== this.#largest && !isOldEnough) return false;
    }
    // The largest ACK delay is a quarter of the sender's RTT.
    const rttUs = 4 * this.#maxAckDelayUs;
    this.#gapAckAllowedAtUs = nowUs + rttUs / MAX_GAP_ACKS_PER_RTT;
    return true;
  }

  /** An ACK is wanted at `atUs` for a reason outside the packet numbers, such as new credit. */
  owe(atUs: number): void {
    this.#owe(atUs);
  }

  #owe(atUs: number): void {
    if (atUs < this.#ackAtUs) this.#ackAtUs = atUs;
  }

  onAckSent(): void {
    this.#unackedCount = 0;
    this.#ackAtUs = Infinity;
  }

  /** The sender's MARK: numbers below `una` are resolved, and ACKs are wanted this often. */
  onMark(una: number, frequency: AckFrequency): void {
    if (una > this.#floor && una <= this.#largest + 1) {
      // The newest number stays: an ACK without ranges cannot be written.
      this.#floor = Math.min(una, this.#largest);
      this.#received.forgetBelow(this.#floor);
    }
    this.#ackEvery = Math.max(1, frequency.ackEvery);
    this.#reorderThreshold = frequency.reorderThreshold;
    this.#maxAckDelayUs = frequency.maxAckDelayUs;
  }
}
