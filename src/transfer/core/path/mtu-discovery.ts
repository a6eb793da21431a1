import assert from 'node:assert/strict';

/**
 * Sizes that are tried one after the other: IP packets of 1400, 1428, 1480 (Ethernet less an IPv6
 * header), 1500 and 9000 bytes less 28, what lies between, and what only loopback carries.
 */
const LADDER_BYTES = [1372, 1400, 1452, 1472, 4000, 8972, 31_972];
/** Losses of probes of one size after which it counts as too large (RFC 8899 §5.1.2). */
export const MAX_PROBES = 3;
/** Between a lost probe and the next of that size: other losses come in bursts (RFC 8899 §5.1.1). */
export const PROBE_INTERVAL_US = 1_000_000;
/** How long what was found too large is not tried again (RFC 8899 §5.1.1, PMTU_RAISE_TIMER). */
export const RAISE_US = 600_000_000;
/** Sizes closer than this are not worth three more probes. */
const SEARCH_END_BYTES = 16;
/** A probe that nobody answers for is forgotten: its connection has ended. */
const FORGOTTEN_US = 10_000_000;
/** Packets above the base size that were lost, none acknowledged, before a black hole is assumed. */
const BLACK_HOLE_PACKETS = 10;
/** Least time for which smaller packets alone arrive in a black hole. */
const MIN_BLACK_HOLE_US = 1_000_000;
const BLACK_HOLE_PTO_COUNT = 3;

/**
 * Finds the largest datagram that a path carries (DPLPMTUD, RFC 8899). All sizes are UDP payload.
 *
 * ```
 *   base ─── datagramBytes ──────── failed ─────── ceiling
 *   carried   carried: probe acked   too large      nothing above is tried
 * ```
 *
 * It climbs a ladder by one probe at a time, and halves what lies between the largest that arrived
 * and the smallest that did not. It never probes above its ceiling: Linux fragments above the
 * interface's MTU, and a probe there would always arrive. `datagramBytes` falls back to the base when
 * packets above the base vanish while smaller ones arrive, or when the network says so.
 */
export class MtuDiscovery {
  /** What is taken to be carried without a probe. */
  readonly baseBytes: number;
  #datagramBytes: number;
  #ceilingBytes: number;
  /** Smallest size that counts as too large, until `RAISE_US` after `#failedAtUs`. */
  #failedBytes: number = Infinity;
  #failedAtUs = 0;
  /** Of the probe on its way; 0 when none is. */
  #probeBytes = 0;
  #probeSentAtUs = 0;
  #nextProbeAtUs = 0;
  /** Probes lost in a row. */
  #lostProbeCount = 0;

  /** Packets above the base that were lost since one of them was acknowledged. */
  #lostLargeCount = 0;
  #newestLostLargeSentAtUs = -Infinity;
  /** First ACK of a small packet since then; Infinity when there was none. */
  #smallAckedAtUs: number = Infinity;

  constructor(baseBytes: number) {
    assert(baseBytes > 0, 'a datagram has bytes');
    this.baseBytes = baseBytes;
    this.#datagramBytes = baseBytes;
    this.#ceilingBytes = baseBytes;
  }

  /** Largest datagram that the path is known to carry. */
  get datagramBytes(): number {
    return this.#datagramBytes;
  }

  get ceilingBytes(): number {
    return this.#ceilingBytes;
  }

  /** A probe is on its way or was lost: the system may say at any moment that it was too large. */
  get isProbing(): boolean {
    return this.#probeBytes > 0 || this.#lostProbeCount > 0;
  }

  /** Nothing above is sent or probed; below the base it has no effect. */
  set ceilingBytes(bytes: number) {
    this.#ceilingBytes = Math.max(bytes, this.baseBytes);
    this.#datagramBytes = Math.min(this.#datagramBytes, this.#ceilingBytes);
  }

  /** A larger datagram than is known to be carried may yet be found. */
  get isSearching(): boolean {
    if (this.#ceilingBytes === this.#datagramBytes) return false;
    return this.#probeBytes > 0 || this.#targetBytes() > 0;
  }

  /** Size of the probe that should leave now; 0 when none should. */
  dueProbeBytes(nowUs: number): number {
    if (this.#ceilingBytes === this.#datagramBytes) return 0;
    if (this.#probeBytes > 0) {
      if (nowUs - this.#probeSentAtUs < FORGOTTEN_US) return 0;
      this.#probeBytes = 0;
    }
    if (nowUs < this.#nextProbeAtUs) return 0;
    if (this.#failedBytes < Infinity && nowUs - this.#failedAtUs >= RAISE_US) {
      this.#failedBytes = Infinity;
    }
    return this.#targetBytes();
  }

  #targetBytes(): number {
    const known = this.#datagramBytes;
    const topBytes = Math.min(this.#ceilingBytes, this.#failedBytes - 1);
    const step = LADDER_BYTES.find((bytes) => bytes > known && bytes <= topBytes);
    if (step !== undefined) return step;
    if (this.#failedBytes > this.#ceilingBytes) return topBytes > known ? topBytes : 0;
    if (this.#failedBytes - known <= SEARCH_END_BYTES) return 0;
    return Math.floor((known + this.#failedBytes) / 2);
  }

  onProbeSent(sizeBytes: number, nowUs: number): void {
    assert(this.#probeBytes === 0, 'one probe at a time');
    this.#probeBytes = sizeBytes;
    this.#probeSentAtUs = nowUs;
  }

  /** Also of a probe that was taken for lost. */
  onProbeAcked(sizeBytes: number): void {
    if (sizeBytes === this.#probeBytes) this.#probeBytes = 0;
    // Found too large since: by the network's word, which a fragmented probe does not refute.
    if (sizeBytes >= this.#failedBytes || sizeBytes > this.#ceilingBytes) return;
    if (sizeBytes <= this.#datagramBytes) return;
    this.#datagramBytes = sizeBytes;
    this.#lostProbeCount = 0;
    this.#nextProbeAtUs = 0;
    this.#forgetLosses();
  }

  onProbeLost(sizeBytes: number, probeTimeoutUs: number, nowUs: number): void {
    if (sizeBytes !== this.#probeBytes) return;
    this.#probeBytes = 0;
    this.#lostProbeCount++;
    if (this.#lostProbeCount < MAX_PROBES) {
      this.#nextProbeAtUs = nowUs + Math.max(PROBE_INTERVAL_US, probeTimeoutUs);
    } else {
      this.#fail(sizeBytes, nowUs);
    }
  }

  /** A packet that is no probe was acknowledged. */
  onAcked(sizeBytes: number, nowUs: number): void {
    if (sizeBytes > this.baseBytes) this.#forgetLosses();
    else this.#smallAckedAtUs = Math.min(this.#smallAckedAtUs, nowUs);
  }

  /** A packet that is no probe was declared lost. */
  onLost(sizeBytes: number, sentAtUs: number): void {
    if (sizeBytes <= this.baseBytes) return;
    this.#lostLargeCount++;
    this.#newestLostLargeSentAtUs = Math.max(this.#newestLostLargeSentAtUs, sentAtUs);
  }

  /**
   * True when what is above the base vanishes though smaller packets arrive: then the size is the
   * base again. To be asked when ACKs and losses were told.
   */
  detectBlackHole(probeTimeoutUs: number, nowUs: number): boolean {
    if (this.#lostLargeCount < BLACK_HOLE_PACKETS) return false;
    // After a blackout the first ACKs are of small probes: only what was sent since says something.
    if (this.#newestLostLargeSentAtUs <= this.#smallAckedAtUs) return false;
    const leastUs = Math.max(MIN_BLACK_HOLE_US, BLACK_HOLE_PTO_COUNT * probeTimeoutUs);
    if (nowUs - this.#smallAckedAtUs < leastUs) return false;
    this.#fallBack(this.baseBytes, nowUs);
    return true;
  }

  /**
   * The system says that a datagram was too large (EMSGSIZE): the probe if one is on its way or was
   * lost, else what was taken to be carried. From now on it fragments such datagrams, so for as long as it
   * remembers, a larger probe proves nothing.
   */
  onTooBig(nowUs: number): void {
    this.#fallBack(this.isProbing ? this.#datagramBytes : this.baseBytes, nowUs);
  }

  /** To the base, and for a while not above `carriedBytes` again. */
  #fallBack(carriedBytes: number, nowUs: number): void {
    this.#datagramBytes = this.baseBytes;
    this.#probeBytes = 0;
    this.#forgetLosses();
    this.#fail(carriedBytes + 1, nowUs);
  }

  #fail(sizeBytes: number, nowUs: number): void {
    this.#failedBytes = Math.min(this.#failedBytes, sizeBytes);
    this.#failedAtUs = nowUs;
    this.#lostProbeCount = 0;
    this.#nextProbeAtUs = 0;
  }

  #forgetLosses(): void {
    this.#lostLargeCount = 0;
    this.#newestLostLargeSentAtUs = -Infinity;
    this.#smallAckedAtUs = Infinity;
  }
}
