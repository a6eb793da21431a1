import assert from 'node:assert/strict';

/** What became of a packet number. */
export const PacketState = {
  /** Never used, or forgotten. */
  none: 0,
  inFlight: 1,
  acknowledged: 2,
  /** Declared lost; an ACK may still prove that wrong. */
  lost: 3,
  /** Used up without a packet, so that an ACK of it convicts the peer. */
  skipped: 4,
} as const;
export type PacketState = (typeof PacketState)[keyof typeof PacketState];

/** What a numbered packet carried. */
export const PacketKind = { data: 0, ping: 1, mtuProbe: 2, pathChallenge: 3 } as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];

/** The counters of a path that every packet remembers from when it was sent (`DeliveryRate`). */
export interface DeliveryCounters {
  readonly deliveredBytes: number;
  readonly deliveredAtUs: number;
  readonly firstSentAtUs: number;
  readonly lostBytes: number;
  readonly isAppLimited: boolean;
}

const INITIAL_CAPACITY = 64;

type Column = Float64Array | Uint32Array | Uint8Array;

/**
 * All sent packets that may still be acknowledged, by packet number: typed columns in a ring.
 *
 * ```
 *   forgotten … | oldest … retained … nextNumber-1 | nextNumber
 * ```
 *
 * At most `capacity` consecutive numbers are retained, so `packetNumber & mask` is a perfect hash.
 * The ring doubles when full, up to the maximum its owner chose; then `add` and `skip` must wait
 * (`isFull`). Getters must be asked about retained numbers only, `state` about any.
 */
export class SentPackets {
  readonly #maxCapacity: number;
  readonly #firstNumber: number;
  #mask: number;
  #oldest: number;
  #nextNumber: number;
  #largestAcked: number;

  #sentAtUs: Float64Array;
  #sizeBytes: Uint32Array;
  #offset: Float64Array;
  #payloadBytes: Uint32Array;
  #isFin: Uint8Array;
  #kind: Uint8Array;
  #state: Uint8Array;
  #lostAtUs: Float64Array;
  #deliveredBytes: Float64Array;
  #deliveredAtUs: Float64Array;
  #firstSentAtUs: Float64Array;
  #lostBytesAtSend: Float64Array;
  #isAppLimited: Uint8Array;
  #txInFlightBytes: Float64Array;

  /** `maxCapacity`: packets, a power of two. */
  constructor(firstPacketNumber: number, maxCapacity: number) {
    assert(Math.log2(maxCapacity) % 1 === 0, 'the capacity of a ring is a power of two');
    const capacity = Math.min(INITIAL_CAPACITY, maxCapacity);
    this.#maxCapacity = maxCapacity;
    this.#firstNumber = firstPacketNumber;
    this.#mask = capacity - 1;
    this.#oldest = firstPacketNumber;
    this.#nextNumber = firstPacketNumber;
    this.#largestAcked = firstPacketNumber - 1;
    this.#sentAtUs = new Float64Array(capacity);
    this.#sizeBytes = new Uint32Array(capacity);
    this.#offset = new Float64Array(capacity);
    this.#payloadBytes = new Uint32Array(capacity);
    this.#isFin = new Uint8Array(capacity);
    this.#kind = new Uint8Array(capacity);
    this.#state = new Uint8Array(capacity);
    this.#lostAtUs = new Float64Array(capacity);
    this.#deliveredBytes = new Float64Array(capacity);
    this.#deliveredAtUs = new Float64Array(capacity);
    this.#firstSentAtUs = new Float64Array(capacity);
    this.#lostBytesAtSend = new Float64Array(capacity);
    this.#isAppLimited = new Uint8Array(capacity);
    this.#txInFlightBytes = new Float64Array(capacity);
  }

  /** The number of the first packet of all. */
  get firstNumber(): number {
    return this.#firstNumber;
  }

  /** The number that `add` or `skip` will use up next. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** The lowest number retained; equal to `nextNumber` when none is. This is MARK's `una`. */
  get oldest(): number {
    return this.#oldest;
  }

  /** The highest number ever acknowledged; one below the first before any was. */
  get largestAcked(): number {
    return this.#largestAcked;
  }

  /** Whether no number can be used up before an old one is forgotten. */
  get isFull(): boolean {
    return this.roomCount === 0;
  }

  /** Numbers that can be used up before an old one is forgotten. */
  get roomCount(): number {
    return this.#maxCapacity - (this.#nextNumber - this.#oldest);
  }

  /**
   * Retains a packet that leaves now and returns its number. `sizeBytes` is the whole datagram,
   * `payloadBytes` its part of the stream from `offset` on.
   */
  add(
    sentAtUs: number,
    sizeBytes: number,
    kind: PacketKind,
    offset: number,
    payloadBytes: number,
    isFin: boolean,
  ): number {
    const packetNumber = this.#nextNumber;
    const slot = this.#takeSlot();
    this.#state[slot] = PacketState.inFlight;
    this.#sentAtUs[slot] = sentAtUs;
    this.#sizeBytes[slot] = sizeBytes;
    this.#kind[slot] = kind;
    this.#offset[slot] = offset;
    this.#payloadBytes[slot] = payloadBytes;
    this.#isFin[slot] = isFin ? 1 : 0;
    return packetNumber;
  }

  /** Uses up a number for no packet. */
  skip(): void {
    const slot = this.#takeSlot();
    this.#state[slot] = PacketState.skipped;
    this.#sizeBytes[slot] = 0;
    this.#payloadBytes[slot] = 0;
  }

  /** `none` for every number that is not retained. */
  state(packetNumber: number): PacketState {
    if (!this.#isRetained(packetNumber)) return PacketState.none;
    return this.#state[packetNumber & this.#mask] as PacketState;
  }

  sentAtUs(packetNumber: number): number {
    return this.#sentAtUs[this.#slot(packetNumber)]!;
  }

  sizeBytes(packetNumber: number): number {
    return this.#sizeBytes[this.#slot(packetNumber)]!;
  }

  kind(packetNumber: number): PacketKind {
    return this.#kind[this.#slot(packetNumber)] as PacketKind;
  }

  offset(packetNumber: number): number {
    return this.#offset[this.#slot(packetNumber)]!;
  }

  payloadBytes(packetNumber: number): number {
    return this.#payloadBytes[this.#slot(packetNumber)]!;
  }

  isFin(packetNumber: number): boolean {
    return this.#isFin[this.#slot(packetNumber)] === 1;
  }

  /** When it was declared lost; means nothing in any other state. */
  lostAtUs(packetNumber: number): number {
    return this.#lostAtUs[this.#slot(packetNumber)]!;
  }

  /** From flight, or from lost when the loss was declared wrongly. */
  markAcked(packetNumber: number): void {
    const slot = this.#slot(packetNumber);
    const state = this.#state[slot];
    assert(
      state === PacketState.inFlight || state === PacketState.lost,
      'only a packet in flight or declared lost is acknowledged, and once',
    );
    this.#state[slot] = PacketState.acknowledged;
    if (packetNumber > this.#largestAcked) this.#largestAcked = packetNumber;
  }

  markLost(packetNumber: number, nowUs: number): void {
    const slot = this.#slot(packetNumber);
    assert(this.#state[slot] === PacketState.inFlight, 'only a packet in flight is declared lost');
    this.#state[slot] = PacketState.lost;
    this.#lostAtUs[slot] = nowUs;
  }

  /**
   * Forgets from the oldest on: what is acknowledged, what was skipped below an acknowledged
   * number, and what was declared lost before `lostOlderThanUs`. Stops at the first other number.
   */
  forgetResolved(lostOlderThanUs: number): void {
    while (this.#oldest < this.#nextNumber) {
      const slot = this.#oldest & this.#mask;
      const state = this.#state[slot];
      const isResolved =
        state === PacketState.acknowledged ||
        (state === PacketState.skipped && this.#oldest < this.#largestAcked) ||
        (state === PacketState.lost && this.#lostAtUs[slot]! < lostOlderThanUs);
      if (!isResolved) return;
      this.#oldest++;
    }
  }

  /**
   * Makes room in a full ring: forgets the oldest number whatever it waits for, and the
   * acknowledged ones behind it. False, and nothing forgotten, when the oldest is still in flight
   * or there is none.
   */
  forceForgetOldestLost(): boolean {
    const state = this.state(this.#oldest);
    if (state === PacketState.none || state === PacketState.inFlight) return false;
    this.#oldest++;
    this.forgetResolved(-Infinity);
    return true;
  }

  /** Remembers the path's counters with a packet; `txInFlightBytes` includes the packet. */
  recordDelivery(packetNumber: number, path: DeliveryCounters, txInFlightBytes: number): void {
    const slot = this.#slot(packetNumber);
    this.#deliveredBytes[slot] = path.deliveredBytes;
    this.#deliveredAtUs[slot] = path.deliveredAtUs;
    this.#firstSentAtUs[slot] = path.firstSentAtUs;
    this.#lostBytesAtSend[slot] = path.lostBytes;
    this.#isAppLimited[slot] = path.isAppLimited ? 1 : 0;
    this.#txInFlightBytes[slot] = txInFlightBytes;
  }

  /** The path's `deliveredBytes` when the packet was sent; so with the four below, each of its own. */
  deliveredBytes(packetNumber: number): number {
    return this.#deliveredBytes[this.#slot(packetNumber)]!;
  }

  deliveredAtUs(packetNumber: number): number {
    return this.#deliveredAtUs[this.#slot(packetNumber)]!;
  }

  firstSentAtUs(packetNumber: number): number {
    return this.#firstSentAtUs[this.#slot(packetNumber)]!;
  }

  lostBytesAtSend(packetNumber: number): number {
    return this.#lostBytesAtSend[this.#slot(packetNumber)]!;
  }

  isAppLimited(packetNumber: number): boolean {
    return this.#isAppLimited[this.#slot(packetNumber)] === 1;
  }

  /** Bytes in flight on the path right after this packet was sent, itself included. */
  txInFlightBytes(packetNumber: number): number {
    return this.#txInFlightBytes[this.#slot(packetNumber)]!;
  }

  #isRetained(packetNumber: number): boolean {
    return packetNumber >= this.#oldest && packetNumber < this.#nextNumber;
  }

  #slot(packetNumber: number): number {
    assert(this.#isRetained(packetNumber), 'a packet that is asked about is retained');
    return packetNumber & this.#mask;
  }

  #takeSlot(): number {
    assert(!this.isFull, 'nothing is sent while the ring of sent packets is full');
    if (this.#nextNumber - this.#oldest > this.#mask) this.#grow();
    const slot = this.#nextNumber & this.#mask;
    this.#nextNumber++;
    return slot;
  }

  #grow(): void {
    const capacity = 2 * (this.#mask + 1);
    this.#sentAtUs = this.#moved(this.#sentAtUs, new Float64Array(capacity));
    this.#sizeBytes = this.#moved(this.#sizeBytes, new Uint32Array(capacity));
    this.#offset = this.#moved(this.#offset, new Float64Array(capacity));
    this.#payloadBytes = this.#moved(this.#payloadBytes, new Uint32Array(capacity));
    this.#isFin = this.#moved(this.#isFin, new Uint8Array(capacity));
    this.#kind = this.#moved(this.#kind, new Uint8Array(capacity));
    this.#state = this.#moved(this.#state, new Uint8Array(capacity));
    this.#lostAtUs = this.#moved(this.#lostAtUs, new Float64Array(capacity));
    this.#deliveredBytes = this.#moved(this.#deliveredBytes, new Float64Array(capacity));
    this.#deliveredAtUs = this.#moved(this.#deliveredAtUs, new Float64Array(capacity));
    this.#firstSentAtUs = this.#moved(this.#firstSentAtUs, new Float64Array(capacity));
    this.#lostBytesAtSend = this.#moved(this.#lostBytesAtSend, new Float64Array(capacity));
    this.#isAppLimited = this.#moved(this.#isAppLimited, new Uint8Array(capacity));
    this.#txInFlightBytes = this.#moved(this.#txInFlightBytes, new Float64Array(capacity));
    this.#mask = capacity - 1;
  }

  /** Every retained entry of `column` in its slot of a ring as large as `larger`. */
  #moved<T extends Column>(column: T, larger: T): T {
    for (let n = this.#oldest; n < this.#nextNumber; n++) {
      larger[n & (larger.length - 1)] = column[n & this.#mask]!;
    }
    return larger;
  }
}
