import { IP_UDP_BYTES, LINK_MTU_BYTES, type LinkProfile, queueBytesOf } from './link-profile.ts';

/** What became of the datagrams of one direction. */
export interface DirectionCounters {
  /** All that came. */
  datagramCount: number;
  /** Lost by the emulated loss. */
  lostCount: number;
  /** Dropped where as much waited as may wait. */
  queueFullCount: number;
  /** Larger than the link carries: probes for the largest size. */
  tooLargeCount: number;
  /** Passed on later than due by more than `LATE_US`: the machine was busy. */
  lateCount: number;
}

/** A timer of Node fires up to two milliseconds late on an idle machine. */
export const LATE_US = 5_000;

/**
 * One direction of an emulated link: a bounded queue, a rate, a delay, and loss behind them. It has no clock
 * and no timer: it says when what comes now is due at the other end.
 */
export class LinkDirection {
  readonly counters: DirectionCounters = {
    datagramCount: 0,
    lostCount: 0,
    queueFullCount: 0,
    tooLargeCount: 0,
    lateCount: 0,
  };
  readonly #usPerByte: number;
  readonly #queueUs: number;
  readonly #delayUs: number;
  readonly #lossShare: number;
  readonly #random: () => number;
  /** When all that waits will have left. */
  #busyUntilUs = 0;

  /** `nth` tells the directions of a link apart. */
  constructor(profile: LinkProfile, nth: number) {
    const { bytesPerSec, rttMs, lossShare, seed } = profile;
    this.#usPerByte = bytesPerSec === undefined ? 0 : 1e6 / bytesPerSec;
    this.#queueUs =
      bytesPerSec === undefined ? Infinity : queueBytesOf(profile, bytesPerSec) * this.#usPerByte;
    this.#delayUs = (rttMs * 1000) / 2;
    this.#lossShare = lossShare;
    this.#random = seededRandom(seed * 2 + nth);
  }

  /** When a datagram is due at the other end; undefined when it does not get there. */
  pass(lengthBytes: number, nowUs: number): number | undefined {
    this.counters.datagramCount++;
    // Drawn for each, so that which ones are lost depends on their number alone.
    const isLost = this.#random() < this.#lossShare;
    const packetBytes = lengthBytes + IP_UDP_BYTES;
    if (packetBytes > LINK_MTU_BYTES) {
      this.counters.tooLargeCount++;
      return undefined;
    }
    const startsUs = Math.max(this.#busyUntilUs, nowUs);
    if (startsUs - nowUs > this.#queueUs) {
      this.counters.queueFullCount++;
      return undefined;
    }
    this.#busyUntilUs = startsUs + packetBytes * this.#usPerByte;
    if (isLost) {
      this.counters.lostCount++;
      return undefined;
    }
    return this.#busyUntilUs + this.#delayUs;
  }
}

/** Uniform in [0, 1): the mulberry32 generator by Tommy Ettinger, of 32 bits of state. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
